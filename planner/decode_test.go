package planner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

// decode reads a reply in pieces of the given size and returns the steps as
// they were written, and the faults.
func decode(reply string, size int) (steps []string, faults []string) {
	d := newDecoder(1<<20, func(raw []byte) { steps = append(steps, string(raw)) })
	for i := 0; i < len(reply); i += size {
		if err := d.write(reply[i:min(i+size, len(reply))]); err != nil {
			return steps, append(faults, err.Error())
		}
	}
	for _, err := range d.close() {
		faults = append(faults, err.Error())
	}
	return steps, faults
}

const (
	stepA = `{"id":"a","do":"find {\"x\"} [1] 找 } \\","over":"chunks"}`
	stepB = `{ "id": "b", "do": "sum up", "over": "once", "needs": ["a"], "extra": {"do": [1, -2.5e3, true, null, "\u00e9"]} }`
)

func TestDecoderFindsSteps(t *testing.T) {
	plan := `{"steps":[` + stepA + `,` + stepB + `]}`
	for name, c := range map[string]struct {
		reply string
		steps int
		fault string // part of the one fault; "": none
	}{
		"plan":                   {plan, 2, ""},
		"spaces":                 {"\n " + strings.ReplaceAll(plan, `,{`, " ,\n\t{") + "\n", 2, ""},
		"fence":                  {"```json\n" + plan + "\n```", 2, ""},
		"fence without a word":   {"```\n" + plan + "\n```\nDone.", 2, ""},
		"prose":                  {"Here is [my] plan {as JSON}, with \"quotes\":\n" + plan + "\nHope it helps {}!", 2, ""},
		"nested":                 {`{"version":1,"plan":{"steps":[` + stepA + `,` + stepB + `]},"n":[{"a":{}}]}`, 2, ""},
		"bare list":              {"The plan: [" + stepA + ", " + stepB + "]", 2, ""},
		"bare step":              {stepA, 1, ""},
		"a step a line":          {stepA + "\n" + stepB + "\n", 2, ""},
		"empty plan":             {`{"steps": []}`, 0, ""},
		"draft before the plan":  {`I reply {"steps": [...]} as asked: ` + plan, 2, ""},
		"list of numbers":        {`see [1, 2], then ` + plan, 2, ""},
		"list of other things":   {`[{"x": 1}] ` + plan, 2, ""},
		"steps within a step":    {`{"steps":[{"id":"a","do":"x","steps":[{"id":"no"}]}]}`, 1, ""},
		"prose only":             {"I cannot plan this.", 0, "holds no plan"},
		"nothing":                {"", 0, "holds no plan"},
		"another object":         {`{"answer": 42}`, 0, "holds no plan"},
		"trailing comma":         {`{"steps":[` + stepA + `,]}`, 1, ""},
		"missing comma":          {`{"steps":[` + stepA + stepB + `]}`, 2, ""},
		"cut in the second":      {`{"steps":[` + stepA + `,{"id":"b","do":"su`, 1, "the reply ends here"},
		"cut in the first":       {`{"steps":[{"id":"a`, 0, "the reply ends here"},
		"cut after the first":    {`{"steps":[` + stepA, 1, "the reply ends here"},
		"bad step, then good":    {`{"steps":[{"id":"z" "do":"x"},` + stepA + `,` + stepB + `]}`, 2, `after object key:value pair`},
		"bad between good":       {`{"steps":[` + stepA + `,{"id":"z","do":'x'},` + stepB + `]}`, 2, `after 1 steps: invalid character`},
		"raw line break":         {"{\"steps\":[{\"id\":\"a\",\"do\":\"two\nlines\"}]}", 0, "in string literal"},
		"not a list":             {`{"steps": "none"}`, 0, `"steps" is no list of objects`},
		"an object":              {`{"steps": {"id":"a"}}`, 0, `"steps" is no list of objects`},
		"a string among steps":   {`{"steps": ["read", ` + stepA + `]}`, 1, "holds something other than objects"},
		"a bad number":           {`{"steps":[{"id":"a","n":01}]}`, 0, "after object key:value pair"},
		"a bad escape":           {`{"steps":[{"id":"\x"}]}`, 0, "in string escape code"},
		"a bad hex digit":        {`{"steps":[{"id":"\u12g4"}]}`, 0, "hexadecimal character escape"},
		"too deep":               {`{"steps":` + strings.Repeat("[", 100), 0, "holds something other than objects"},
		"a name without quotes":  {`{"steps":[{"id":"a","do":"x"},{id:"b"}]}`, 1, `invalid character 'i' looking for beginning of object key`},
		"a colon is missing":     {`{"steps":[{"id":"a","do" "x"}]}`, 0, "after object key"},
		"a comma before the end": {`{"steps":[{"id":"a",}]}`, 0, "looking for beginning of object key"},
	} {
		for size := 1; size <= len(c.reply)+1; size++ {
			steps, faults := decode(c.reply, size)
			if len(steps) != c.steps {
				t.Errorf("%s, pieces of %d: %d steps %q, want %d; faults %q", name, size, len(steps), steps, c.steps, faults)
				break
			}
			if c.steps == 2 && (steps[0] != stepA || steps[1] != stepB) {
				t.Errorf("%s, pieces of %d: steps %q", name, size, steps)
			}
			if c.fault == "" && len(faults) > 0 || c.fault != "" && (len(faults) != 1 || !strings.Contains(faults[0], c.fault)) {
				t.Errorf("%s, pieces of %d: faults %q, want %q", name, size, faults, c.fault)
				break
			}
		}
	}
}

func TestDecoderHandsOverAtTheClosingBrace(t *testing.T) {
	n := 0
	d := newDecoder(1<<20, func([]byte) { n++ })
	reply := `Sure: {"steps":[` + stepA + `,` + stepB + `]}`
	first := strings.Index(reply, stepA) + len(stepA)
	second := strings.Index(reply, stepB) + len(stepB)
	for i := range len(reply) {
		d.write(reply[i : i+1])
		want := 0
		if i+1 >= first {
			want++
		}
		if i+1 >= second {
			want++
		}
		if n != want {
			t.Fatalf("after %d bytes %d steps, want %d", i+1, n, want)
		}
	}
}

func TestDecoderSaysWhereJSONBreaks(t *testing.T) {
	reply := "Plan: {\"steps\":[" + stepA + ",{!}]}"
	_, faults := decode(reply, 7)
	want := fmt.Sprintf("the plan is not JSON at byte %d, after 1 steps: invalid character '!' looking for beginning of object key string", len(reply)-4)
	if len(faults) != 1 || faults[0] != want {
		t.Errorf("%q, want %q", faults, want)
	}
}

func TestDecoderIsBounded(t *testing.T) {
	d := newDecoder(1000, func([]byte) {})
	var err error
	for range 1001 {
		if err = d.write(" "); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "more than 1000 bytes") {
		t.Errorf("error %v", err)
	}
}

func TestDecoderSurvivesHostileReplies(t *testing.T) {
	for _, unit := range []string{"[", `{"do":`, `{"steps":[{"id":"`, "{", `{"do":"\"{`, `"`, "[{"} {
		steps, faults := decode(strings.Repeat(unit, (1<<14)/len(unit)), 1000)
		if len(steps) != 0 || len(faults) == 0 || len(faults) > 2 {
			t.Errorf("%q: %d steps, faults %q", unit, len(steps), faults)
		}
	}
}

func TestReadStep(t *testing.T) {
	s, err := readStep([]byte(`{"id":"a","do":"x","over":"items","select":[],"items":["p","q"],"of":"","needs":null,"output":"finding","more":1}`))
	if err != nil || s.ID != "a" || s.Over != swarm.Items || len(s.Items) != 2 || s.Form != "" {
		t.Errorf("%+v, %v", s, err)
	}
	s, err = readStep([]byte(`{"id":"l","do":"x","over":"once","output":"list"}`))
	if err != nil || s.Form != swarm.FormList {
		t.Errorf("%+v, %v", s, err)
	}
	for raw, field := range map[string]string{
		`{"id":1,"do":"x","over":"once"}`:                    "id",
		`{"id":"a","do":["x"],"over":"once"}`:                "do",
		`{"id":"a","do":"x"}`:                                "over",
		`{"id":"a","do":"x","over":"map"}`:                   "over",
		`{"id":"a","do":"x","over":"reduce"}`:                "over",
		`{"id":"a","do":"x","over":"chunks","select":"all"}`: "select",
		`{"id":"a","do":"x","over":"items","items":[1]}`:     "items",
		`{"id":"a","do":"x","over":"each","of":{}}`:          "of",
		`{"id":"a","do":"x","over":"once","needs":"b"}`:      "needs",
		`{"id":"a","do":"x","over":"once","output":"table"}`: "output",
		`[]`: "",
	} {
		_, err := readStep([]byte(raw))
		e, ok := err.(*swarm.PlanError)
		if !ok || e.Field != field {
			t.Errorf("%s: %v, want a PlanError of %q", raw, err, field)
		}
	}
}

func TestThoughtIsLeftOut(t *testing.T) {
	for in, want := range map[string]string{
		"<think>{\"steps\":[]}</think>{}":       "{}",
		" \n<think>a</thi</think>b<think>c":     "b<think>c",
		"<thin>x":                               "<thin>x",
		"<th":                                   "<th",
		"no":                                    "no",
		"<think>never ends":                     "",
		"<Thought>a {\"b\":1}</thought>\n{}":    "\n{}",
		"Okay: {\"steps\":[]} no.</think>{}":    "{}",
		"a</think>b</thinking>c":                "c",
		"{} no</reasoning>{\"a\":\"</think>\"}": `{"a":"</think>"}`,
		"<|channel|>analysis<|message|>{}<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>{}<|return|>": "{}",
	} {
		for size := 1; size <= len(in); size++ {
			for _, hold := range []bool{false, true} {
				th := thought{hold: hold}
				got := ""
				for i := 0; i < len(in); i += size {
					said, anew := th.next(in[i:min(i+size, len(in))])
					if anew {
						got = ""
					}
					if got += said; hold && strings.HasPrefix(got, "Okay") {
						t.Errorf("%q was passed on", got)
					}
				}
				if got += th.end(); got != want {
					t.Errorf("%q in pieces of %d: %q, want %q", in, size, got, want)
				}
			}
		}
	}
}

// FuzzDecodePlan checks that neither steps nor faults depend on the pieces,
// and that whatever is handed over is a JSON object.
func FuzzDecodePlan(f *testing.F) {
	for _, s := range []string{
		`{"steps":[` + stepA + `,` + stepB + `]}`, "```json\n[" + stepA + ",]\n```", `{"steps":[{"id":"a"`, `[[{"do":1}]] {"do":"x","do":[]}`, `{"steps":[1,{}]}{"steps":{}}`,
	} {
		f.Add(s, uint8(1))
		f.Add(s, uint8(5))
	}
	f.Fuzz(func(t *testing.T, reply string, size uint8) {
		steps, faults := decode(reply, len(reply)+1)
		steps2, faults2 := decode(reply, int(size%32)+1)
		if fmt.Sprint(steps) != fmt.Sprint(steps2) || fmt.Sprint(faults) != fmt.Sprint(faults2) {
			t.Errorf("%q: whole %q %q, in pieces %q %q", reply, steps, faults, steps2, faults2)
		}
		for _, s := range steps {
			if _, err := readStep([]byte(s)); err != nil {
				if e := err.(*swarm.PlanError); strings.Contains(e.Mend, "is not JSON") {
					t.Errorf("%q was handed over: %v", s, err)
				}
			}
		}
	})
}

func BenchmarkDecodePlan(b *testing.B) {
	reply := `{"steps":[` + strings.Repeat(stepA+","+stepB+",", 500) + stepA + `]}`
	b.SetBytes(int64(len(reply)))
	b.ReportAllocs()
	for b.Loop() {
		d := newDecoder(1<<20, func([]byte) {})
		for i := 0; i < len(reply); i += 16 {
			if err := d.write(reply[i:min(i+16, len(reply))]); err != nil {
				b.Fatal(err)
			}
		}
		if faults := d.close(); len(faults) > 0 {
			b.Fatal(faults)
		}
	}
}
