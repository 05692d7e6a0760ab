package workers

import (
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/internal/record"
	"github.com/db31e724/go-swarm/swarm"
)

// Shapes of replies: over a text, over results, over both, over neither, with
// records, a list, a text.
var (
	quoting = shape{quotes: true}
	listing = shape{form: swarm.FormList}
	shapes  = []shape{quoting, {marks: true}, {quotes: true, marks: true}, {}, {quotes: true, record: []byte(`{"type":"object","properties":{"who":{"type":"string"}},"required":["who"],"additionalProperties":false}`)}, listing, {form: swarm.FormText}}
)

func readAs(text string, s shape, must bool) reading { return read(new(record.Checker), text, s, must) }

func TestReplyIsReadLenientlyButNeverGuessed(t *testing.T) {
	const one = `{"answer":"A","quote":"Q","confidence":0.5}`
	const whole = `{"findings":[` + one + `]}`
	for _, c := range []struct {
		name, text string
		want       string  // answers and quotes
		confidence float64 // of the first
		fault      string  // in a fault; empty: none
		fatal      bool
	}{
		{"as asked", whole, "A/Q", .5, "", false},
		{"two", `{"findings":[` + one + `,{"answer":"B","quote":"R","confidence":1}]}`, "A/Q B/R", .5, "", false},
		{"none", `{"findings":[]}`, "", 0, "", false},
		{"null", `{"findings":null}`, "", 0, "", false},
		{"an empty one", `{"findings":[{"answer":" ","quote":"","confidence":0}]}`, "", 0, "", false},
		{"as it was asked formerly", `{"answer":"","quote":"","abstain":true}`, "", 0, "", false},
		{"code fence", "```json\n" + whole + "\n```", "A/Q", .5, "", false},
		{"prose around", "Sure! Here {it} is:\n" + whole + "\nHope {that helps}.", "A/Q", .5, "", false},
		{"one finding alone", one, "A/Q", .5, "", false},
		{"one finding for the list", `{"findings":` + one + `}`, "A/Q", .5, "", false},
		{"a bare list", `[` + one + `,` + one + `]`, "A/Q A/Q", .5, "", false},
		{"texts in place of findings", `{"findings":["A","B"]}`, "A/ B/", 0, "", false},
		{"thoughts without a start", "maybe {\"findings\":[]}</think>\n" + whole, "A/Q", .5, "", false},
		{"thoughts under another name", "<reasoning>{\"findings\":[]}</reasoning>" + whole, "A/Q", .5, "", false},
		{"the end of thoughts in a quote", `{"findings":[{"answer":"A","quote":"it ends in </think> mostly","confidence":0.5}]}`, "A/it ends in </think> mostly", .5, "", false},
		{"a draft first", "Draft: {\"findings\":[{\"answer\":\"B\"}]}\nFinal: " + whole, "A/Q", .5, "", false},
		{"the same finding twice", one + "\n" + strings.ReplaceAll(one, ":", ": "), "A/Q", .5, "", false},
		{"an odd quotation mark before a raw line break", "A 5\" pipe:\n{\"findings\":[{\"answer\":\"A\nB\",\"quote\":\"Q\",\"confidence\":1}]}", "A\nB/Q", 1, "", false},
		{"raw line break in a string", "{\"findings\":[{\"answer\":\"A\n\tB\",\"quote\":\"Q \\\" \",\"confidence\":1}]}", "A\n\tB/Q \"", 1, "", false},
		{"a key twice with one value", `{"answer":"A","Answer": "A","quote":"Q","confidence":0.5}`, "A/Q", .5, "", false},
		{"wrapped", `{"result": ` + whole + `}`, "A/Q", .5, "", false},
		{"keys in another case", `{"Findings":[{"Answer":"A","Quote":"Q","Confidence":0.5}]}`, "A/Q", .5, "", false},
		{"further keys", `{"findings":[{"answer":"A","quote":"Q","confidence":0.5,"notes":[1]}],"x":1,"x":2}`, "A/Q", .5, "", false},
		{"a number for an answer", `{"findings":[{"answer":42,"quote":"Q","confidence":0.5}]}`, "42/Q", .5, "", false},
		{"confidence as text", `{"findings":[{"answer":"A","quote":"Q","confidence":" 0.25 "}]}`, "A/Q", .25, "", false},
		{"confidence in percent", `{"findings":[{"answer":"A","quote":"Q","confidence":"90 %"}]}`, "A/Q", .9, "", false},
		{"confidence of a hundred", `{"findings":[{"answer":"A","quote":"Q","confidence":85}]}`, "A/Q", .85, "", false},
		{"confidence on some scale", `{"findings":[{"answer":"A","quote":"Q","confidence":4}]}`, "A/Q", 0, "", false},
		{"confidence below zero", `{"findings":[{"answer":"A","quote":"Q","confidence":-1}]}`, "A/Q", 0, "", false},
		{"no quote", `{"findings":[{"answer":"A","quote":null,"confidence":1}]}`, "A/", 1, "", false},
		{"a quote alone", `{"findings":[{"answer":"","quote":"Q","confidence":1}]}`, "Q/Q", 1, "", false},

		{"one of two is no finding", `{"findings":[` + one + `,{"text":"B"}]}`, "A/Q", .5, `number 2: the key "answer" is missing`, false},
		{"quote a list", `{"findings":[` + one + `,{"answer":"A","quote":["Q"]}]}`, "A/Q", .5, `"quote" is not`, false},
		{"answer an object", `{"findings":[{"answer":{"text":"A"},"quote":""}]}`, "", 0, `"answer" is not`, true},
		{"a key twice", `{"findings":[{"answer":"A","quote":"Q","answer":"B"}]}`, "", 0, `"answer" stands twice`, true},
		{"the list twice", `{"findings":[` + one + `],"findings":[]}`, "", 0, `"findings" stands twice`, true},
		{"a key in two cases", `{"answer":"A","quote":"Q","Answer":"B"}`, "", 0, `"answer" stands twice`, true},
		{"two findings in a row", one + `{"answer":"B","quote":"Q","confidence":0.5}`, "", 0, "more than one", true},
		{"no list", `{"findings":"A"}`, "", 0, `"findings" is not a list`, true},
		{"prose", "The answer is A.", "", 0, "no JSON object", true},
		{"cut", `{"findings":[{"answer":"A","quo`, "", 0, "no JSON object", true},
		{"nothing", "", "", 0, "no JSON object", true},
		{"another object", `{"error":"overloaded"}`, "", 0, "no JSON object", true},
		{"a list of numbers", `[1,2]`, "", 0, "no JSON object", true},
		{"braces", strings.Repeat("{", 100_000), "", 0, "no JSON object", true},
	} {
		r := readAs(c.text, quoting, false)
		faults := strings.Join(r.faults, "; ")
		var got []string
		for _, f := range r.findings {
			got = append(got, f.answer+"/"+f.quote)
		}
		sure := 0.0
		if len(r.findings) > 0 {
			sure = r.findings[0].confidence
		}
		if strings.Join(got, " ") != c.want || sure != c.confidence || r.fatal != c.fatal || !strings.Contains(faults, c.fault) || (c.fault == "") != (faults == "") {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}

func TestEmptyListWhereAnAnswerIsAMust(t *testing.T) {
	for _, text := range []string{nothing, `{"findings":[{"answer":"","quote":""}]}`, `{"abstain":true}`} {
		if r := readAs(text, quoting, true); !r.fatal || !strings.Contains(r.faults[0], "must be answered") {
			t.Errorf("%s: %+v", text, r)
		}
	}
}

func TestListIsReadFromObjectOrArray(t *testing.T) {
	for text, want := range map[string]int{
		`{"items":["a","b"]}`: 2, `Here: ["a","b"]`: 2, `{"items":[]}`: 0, `{"list":{"items":["a"]}}`: 1,
		`[{"items":["a"]}]`: 1, `{"items":["a"," ",3]}`: 2, `["a"] ["b"]`: 1, `{"findings":[{"answer":"a"}]}`: 1,
	} {
		if r := readAs(text, listing, false); len(r.faults) > 0 || len(r.findings) != want {
			t.Errorf("%s: %+v", text, r)
		}
	}
	for _, text := range []string{`{"items":"a, b"}`, `{"items":[{"a":1}]}`, `a, b`, `[1,2]`} {
		if r := readAs(text, listing, false); !r.fatal {
			t.Errorf("%s: %+v", text, r)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`{"findings":[{"answer":"A","quote":"Q","confidence":0.5}]}`, "```json\n{\"items\":[\"a\"]}\n```",
		`{"result":{"answer":1,"abstain":"true"}}`, "{\"answer\":\"a\nb\",\"confidence\":\"90%\"}", `{"a":{"answer":`, `[`, `["a",{"quote":"tenant"}]`,
	} {
		for shape := range uint8(len(shapes)) {
			f.Add(s, shape, shape == 1)
		}
	}
	f.Fuzz(func(t *testing.T, text string, kind uint8, must bool) {
		s := shapes[int(kind)%len(shapes)]
		r := readAs(text, s, must)
		if r.fatal {
			if len(r.faults) == 0 {
				t.Fatal("no output, and no fault told")
			}
			return
		}
		st := overLease()
		st.From = earlier()
		out := r.output(&st, s, 100)
		if len(out.Doubts) != len(r.faults) {
			t.Fatal("a fault is no doubt")
		}
		for _, f := range out.Findings {
			if f.Confidence < 0 || f.Confidence > 1 {
				t.Fatalf("confidence %v", f.Confidence)
			}
		}
		for _, c := range evidence(out) {
			if c.Verified && c.Chunk == st.Chunk.ID && c.Quote != fold(leaseText[c.Start-1000:c.End-1000]) {
				t.Fatalf("%+v is not what stands there", c)
			}
		}
	})
}

func TestRecordsAreReadAndChecked(t *testing.T) {
	s := shape{quotes: true, record: []byte(`{"type":"object","properties":{"who":{"type":"string","description":"the payer"},"sum":{"type":"number"},"kind":{"type":"string","enum":["rent","fee"]}},"required":["who","sum","kind"],"additionalProperties":false}`)}
	for _, c := range []struct{ name, text, words, fault string }{
		{"as asked", `{"findings":[{"data":{"who":"Ann","sum":5,"kind":"rent"},"quote":"q","confidence":1}]}`, "who: Ann; sum: 5; kind: rent", ""},
		{"fields beside the quote", `{"findings":[{"who":"Ann","sum":5,"kind":"rent","quote":"q","confidence":1}]}`, "kind: rent; sum: 5; who: Ann", ""},
		{"a value that is not allowed", `{"findings":[{"data":{"who":"Ann","sum":5,"kind":"gift"},"quote":"q"}]}`, "", `number 1: "kind": value must be one of`},
		{"a field that is missing", `{"findings":[{"data":{"who":"Ann","kind":"fee"},"quote":"q"}]}`, "", "missing property"},
		{"another type", `{"findings":[{"data":{"who":"Ann","sum":"five","kind":"fee"},"quote":"q"}]}`, "", `"sum": got string, want number`},
		{"no record", `{"findings":[{"data":"Ann","quote":"q"}]}`, "", `"data" is not an object`},
	} {
		r := readAs(c.text, s, false)
		words := ""
		if len(r.findings) > 0 {
			words = r.findings[0].answer
		}
		if faults := strings.Join(r.faults, "; "); words != c.words || !strings.Contains(faults, c.fault) || (c.fault == "") != (faults == "") {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
	if got := record.Fields(s.record); got != "    who (string): the payer\n    sum (number)\n    kind (string); one of [\"rent\",\"fee\"]\n" {
		t.Errorf("%s", got)
	}
}

func TestTextIsReadFromObjectOrString(t *testing.T) {
	s := shape{form: swarm.FormText}
	for _, text := range []string{`{"text":"It is so."}`, "```json\n{\"text\": \"It is so.\"}\n```", `{"findings":[{"answer":"It is so."}]}`} {
		if r := readAs(text, s, false); len(r.faults) > 0 || len(r.findings) != 1 || r.findings[0].answer != "It is so." {
			t.Errorf("%s: %+v", text, r)
		}
	}
}
