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
	} {
		answer, quotes := mergeAll(t, c.ask, []read{{Answer: c.quote, Quote: c.quote, Confidence: c.confidence}})
		if c.answers != (len(quotes) > 0) {
			t.Errorf("%q, where only %q was found: %q", c.ask, c.quote, answer)
		}
	}
}
