package workers

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestReplyIsReadLenientlyButNeverGuessed(t *testing.T) {
	const whole = `{"answer":"A","quote":"Q","confidence":0.5,"abstain":false}`
	for _, c := range []struct {
		name, text string
		answer     string
		confidence float64
		fault      string // in a fault; empty: none
		fatal      bool
	}{
		{"as asked", whole, "A", .5, "", false},
		{"code fence", "```json\n" + whole + "\n```", "A", .5, "", false},
		{"prose around", "Sure! Here {it} is:\n" + whole + "\nHope {that helps}.", "A", .5, "", false},
		{"thoughts without a start", "maybe {\"answer\":\"B\"}</think>\n" + whole, "A", .5, "", false},
		{"the end of thoughts in a quote", `{"answer":"A","quote":"it ends in </think> mostly","confidence":0.5,"abstain":false}`, "A", .5, "", false},
		{"an odd quotation mark before a raw line break", "A 5\" pipe:\n{\"answer\":\"A\nB\",\"quote\":\"Q\",\"confidence\":1,\"abstain\":false}", "A\nB", 1, "", false},
		{"a key twice with one value", `{"answer":"A","Answer": "A","quote":"Q","confidence":0.5,"abstain":false}`, "A", .5, "", false},
		{"thoughts before", "<think>maybe {\"answer\":\"B\"}</think>" + whole, "A", .5, "", false},
		{"twice the same", whole + "\n" + strings.ReplaceAll(whole, ":", ": "), "A", .5, "", false},
		{"wrapped", `{"result": ` + whole + `}`, "A", .5, "", false},
		{"keys in another case", `{"Answer":"A","Quote":"Q","Confidence":0.5,"Abstain":false}`, "A", .5, "", false},
		{"further keys", `{"answer":"A","quote":"Q","confidence":0.5,"abstain":false,"notes":[1]}`, "A", .5, "", false},
		{"raw line break in a string", "{\"answer\":\"A\n\tB\",\"quote\":\"Q \\\" \",\"confidence\":1,\"abstain\":false}", "A\n\tB", 1, "", false},
		{"a number for an answer", `{"answer":42,"quote":"Q","confidence":0.5,"abstain":false}`, "42", .5, "", false},
		{"confidence as text", `{"answer":"A","quote":"Q","confidence":" 0.25 ","abstain":"false"}`, "A", .25, "", false},
		{"confidence in percent", `{"answer":"A","quote":"Q","confidence":"90 %","abstain":false}`, "A", .9, "", false},
		{"confidence of a hundred", `{"answer":"A","quote":"Q","confidence":85,"abstain":false}`, "A", .85, "", false},
		{"no quote", `{"answer":"A","quote":null,"confidence":1,"abstain":false}`, "A", 1, "", false},

		{"confidence on some scale", `{"answer":"A","quote":"Q","confidence":4,"abstain":false}`, "A", 0, "confidence", false},
		{"confidence in words", `{"answer":"A","quote":"Q","confidence":"high","abstain":false}`, "A", 0, "confidence", false},
		{"confidence below zero", `{"answer":"A","quote":"Q","confidence":-1,"abstain":false}`, "A", 0, "confidence", false},
		{"no confidence", `{"answer":"A","quote":"Q","abstain":false}`, "A", 0, `"confidence" is missing`, false},
		{"no abstain", `{"answer":"A","quote":"Q","confidence":1}`, "A", 1, `"abstain" is missing`, false},
		{"abstain in words", `{"answer":"A","quote":"Q","confidence":1,"abstain":"perhaps"}`, "A", 1, "neither", false},
		{"key quote missing", `{"answer":"A","confidence":1,"abstain":false}`, "A", 1, `"quote" is missing`, false},
		{"quote a list", `{"answer":"A","quote":["Q"],"confidence":1,"abstain":false}`, "A", 1, `"quote" is not`, false},

		{"no answer", `{"quote":"Q","confidence":1,"abstain":false}`, "", 1, `"answer" is missing`, true},
		{"empty answer", `{"answer":" ","quote":"","confidence":0,"abstain":false}`, "", 0, "empty", true},
		{"answer an object", `{"answer":{"text":"A"},"quote":"","confidence":0,"abstain":false}`, "", 0, `"answer" is not`, true},
		{"a key twice", `{"answer":"A","quote":"Q","confidence":0.5,"abstain":false,"answer":"B"}`, "", 0, `"answer" stands twice`, true},
		{"a further key twice", `{"answer":"A","quote":"Q","confidence":0.5,"abstain":false,"x":1,"x":2}`, "A", .5, "", false},
		{"wrapped in a key that stands twice", `{"r":{"answer":"B"},"r":` + whole + `}`, "", 0, "no JSON object", true},
		{"a key in two cases", `{"answer":"A","quote":"Q","confidence":0.5,"abstain":false,"Answer":"B"}`, "", 0, `"answer" stands twice`, true},
		{"two answers", whole + `{"answer":"B","quote":"Q","confidence":0.5,"abstain":false}`, "", 0, "more than one", true},
		{"prose", "The answer is A.", "", 0, "no JSON object", true},
		{"cut", whole[:30], "", 0, "no JSON object", true},
		{"nothing", "", "", 0, "no JSON object", true},
		{"the schema itself", string(quoteSchema.JSON), "", 0, "no JSON object", true},
		{"another object", `{"error":"overloaded"}`, "", 0, "no JSON object", true},
		{"an array", `["A"]`, "", 0, "no JSON object", true},
		{"braces", strings.Repeat("{", 100_000), "", 0, "no JSON object", true},
	} {
		r := read(c.text, shapeQuote, false)
		faults := strings.Join(r.faults, "; ")
		if r.answer != c.answer || r.confidence != c.confidence || r.fatal != c.fatal || !strings.Contains(faults, c.fault) || (c.fault == "") != (faults == "") {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}

func TestAbstentionNeedsNothingElse(t *testing.T) {
	for _, text := range []string{
		`{"abstain":true}`, `{"answer":null,"quote":null,"confidence":null,"abstain":true}`,
		`{"answer":"nothing here","quote":"","confidence":"none","abstain":"true"}`,
	} {
		if r := read(text, shapeQuote, false); !r.abstain || len(r.faults) > 0 {
			t.Errorf("%s: %+v", text, r)
		}
		if r := read(text, shapeQuote, true); !r.fatal {
			t.Errorf("%s, where an answer is a must: %+v", text, r)
		}
	}
}

func TestListIsReadFromObjectOrArray(t *testing.T) {
	for text, want := range map[string]int{
		`{"items":["a","b"],"abstain":false}`: 2, `Here: ["a","b"]`: 2, `{"items":[],"abstain":false}`: 0,
		`{"abstain":true}`: 0, `{"list":{"items":["a"],"abstain":false}}`: 1,
		`[{"items":["a"],"abstain":false}]`: 1,
	} {
		if r := read(text, shapeList, false); len(r.faults) > 0 || len(r.items) != want {
			t.Errorf("%s: %+v", text, r)
		}
	}
	for _, text := range []string{`{"items":"a, b","abstain":false}`, `{"items":[{"a":1}],"abstain":false}`, `{"abstain":false}`, `a, b`, `[1,2]`, `["a"] ["b"]`} {
		if r := read(text, shapeList, false); !r.fatal {
			t.Errorf("%s: %+v", text, r)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`{"answer":"A","quote":"Q","confidence":0.5,"abstain":false}`, "```json\n{\"items\":[\"a\"],\"abstain\":false}\n```",
		`{"result":{"answer":1,"abstain":"true"}}`, "{\"answer\":\"a\nb\",\"confidence\":\"90%\"}", `{"a":{"answer":`, `[`,
	} {
		for shape := range uint8(5) {
			f.Add(s, shape, shape == 1)
		}
	}
	f.Fuzz(func(t *testing.T, text string, kind uint8, must bool) {
		s := shape(kind % 5)
		r := read(text, s, must)
		if r.confidence < 0 || r.confidence > 1 {
			t.Fatalf("confidence %v", r.confidence)
		}
		if r.fatal {
			if len(r.faults) == 0 {
				t.Fatal("no output, and no fault told")
			}
			return
		}
		st := overLease()
		st.From = earlier()
		out := r.output(&st, s, 100)
		if len(r.faults) == 0 && !out.Abstain && s != shapeList && r.answer == "" {
			t.Fatal("an empty answer without a fault")
		}
		if len(out.Doubts) != len(r.faults) {
			t.Fatal("a fault is no doubt")
		}
		if s == shapeList && !out.Abstain {
			var items []string
			if err := json.Unmarshal([]byte(out.Text), &items); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range out.Citations {
			if c.Verified && c.Chunk == st.Chunk.ID && c.Quote != fold(leaseText[c.Start-1000:c.End-1000]) {
				t.Fatalf("%+v is not what stands there", c)
			}
		}
	})
}
