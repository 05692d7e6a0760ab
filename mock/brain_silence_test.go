package mock

import "testing"

// TestLargeBrainIsSilentOnWhatOnlyTouchesTheQuestion merges findings that
// share a word or two with the question and have not what it asks for.
func TestLargeBrainIsSilentOnWhatOnlyTouchesTheQuestion(t *testing.T) {
	for _, c := range []struct {
		ask, quote string
		confidence float64
		answers    bool
	}{
		{"How much does a parking permit for residents cost?", "Residents may use the garden all year.", 0.38, false},
		{"How much does a parking permit for residents cost?", "A parking permit for residents is 45 euros a year.", 0.34, true},
		{"Who designed the footbridge over the weir?", "The weir was raised twice to keep the mill in water.", 0.36, false},
		{"Who designed the footbridge over the weir?", "The footbridge over the weir is the work of Ines Vogt.", 0.50, true},
		{"食堂的午餐多少钱？", "食堂在主楼的北侧。", 0.36, false},
		{"食堂的午餐多少钱？", "食堂的午餐十二元一份。", 0.50, true},
		// What is asked of something, somebody who is named and what is counted
		// have to be there.
		{"What is the verger's salary?", "The verger rings the bell and locks the gate at night.", 0.55, false},
		{"What is the salary of the verger?", "The verger has a salary of 900 euros a month.", 0.55, true},
		{"Which trains to Morwell run on Sunday?", "Trains run on Sunday, and on feast days.", 0.60, false},
		{"Which trains to Morwell run on Sunday?", "Two trains run to Morwell on Sunday.", 0.60, true},
		{"学校有多少名教师？", "学校有三间教室。", 0.50, false},
		{"学校有多少名教师？", "学校有三十名教师。", 0.50, true},
		{"What is the phone number of the museum shop?", "The museum shop is open on 312 days of the year.", 0.80, false},
		{"What is the phone number of the museum shop?", "The museum shop answers on 0462 77 18 05.", 0.60, true},
		// But not the text's own name, nor what a sentence says without the word.
		{"According to the PDF, how long is the notice period?", "The notice period is three months.", 0.57, true},
		{"What does the README say about retries?", "Retries are made three times.", 0.48, true},
		{"What is the treasurer's task?", "The treasurer keeps the books of the club.", 0.49, true},
		{"Who pays for the e-mail address of the club?", "The club pays for the e-mail address.", 0.67, true},
		{"这座桥有多少米长？", "这座桥长三百米。", 0.60, true},
		// A share is no sum, and what may happen has no date.
		{"How much does the ferry cost?", "The ferry is full to eighty per cent in summer.", 0.30, false},
		{"How much does the ferry cost?", "The ferry is EUR 9.", 0.30, true},
		{"When is the harbour dredged?", "The harbour may silt up.", 0.36, false},
		{"When is the harbour dredged?", "The harbour is dredged each May.", 0.36, true},
	} {
		answer, quotes := mergeAll(t, c.ask, []read{{Answer: c.quote, Quote: c.quote, Confidence: c.confidence}})
		if c.answers != (len(quotes) > 0) {
			t.Errorf("%q, where only %q was found: %q", c.ask, c.quote, answer)
		}
	}
}
