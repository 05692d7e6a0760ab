package planner

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/swarm"
)

// readAnswer reads a reply in pieces of the given size.
func readAnswer(t testing.TB, reply string, size int) (string, *answer) {
	var b bytes.Buffer
	a := newAnswer(&b)
	for i := 0; i < len(reply); i += size {
		if err := a.write(reply[i:min(i+size, len(reply))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.end(); err != nil {
		t.Fatal(err)
	}
	return b.String(), a
}

func TestAnswerIsReadFromAnyReply(t *testing.T) {
	long := strings.Repeat("word ", 200)
	const unsaid = "the model did not say what"
	for name, c := range map[string]struct {
		reply, want, missing string
	}{
		"object":               {`{"answer":"It is [1].","complete":true,"missing":""}`, "It is [1].", ""},
		"incomplete":           {`{"answer":"Partly.","complete":false,"missing":"the \"date\""}`, "Partly.", `the "date"`},
		"complete says more":   {`{"answer":"a","complete":true,"missing":"x"}`, "a", ""},
		"other order":          {`{"complete":false,"missing":"m","answer":"a"}`, "a", "m"},
		"spaces":               {" {\n \"answer\" : \"a\" ,\n\"complete\":false\n}\n", "a", unsaid},
		"escapes":              {`{"answer":"\n q \"\\\/\b\f\t\r\n\u00e9\u627E"}`, "q \"\\/\t\r\né找", ""},
		"pairs":                {`{"answer":"\ud83d\ude00 \ud83dx \ude00 \ud83d\ud83d\ude00 \ud83d"}`, "😀 \uFFFDx \uFFFD \uFFFD😀 \uFFFD", ""},
		"escapes of no JSON":   {`{"answer":"\alpha \u12g4 \u1","complete":false}`, `\alpha \u12g4 \u1`, unsaid},
		"raw line breaks":      {"{\"answer\":\"a\nb\tc\",\"complete\":false}", "a\nb\tc", unsaid},
		"fence":                {"```json\n{\"answer\":\"a\",\"complete\":false}\n```", "a", unsaid},
		"prose before":         {"Here is the {answer}:\n{\"answer\":\"a\"}", "a", ""},
		"another object first": {`{"x":1} {"answer":"a"}`, "a", ""},
		"verdict of a type":    {`{"answer":"a","complete":"no","missing":3}`, "a", ""},
		"verdict null":         {`{"answer":"a","complete":null}`, "a", ""},
		"a finding's answer":   {`{"findings":[{"answer":"in","quote":"q"}],"work":"","answer":"out","complete":false}`, "out", unsaid},
		"findings alone":       {`{"findings":[{"answer":"in","quote":"q"}]}`, "", ""},
		"two answers":          {`{"answer":"a","answer":"b"}`, "a", ""},
		"broken verdict":       {`{"answer":"a",complete:false}`, "a", ""},
		"quotes not escaped":   {`{"answer":"He said "now", not "then" ["a","b"], and {"x":"y"z} "", ", "complete":false,"missing":"m"}`, `He said "now", not "then" ["a","b"], and {"x":"y"z} "", `, "m"},
		"quote, then the end":  {`{"answer":"He said \"now\"" , "more": 1}`, `He said "now"`, ""},
		"spaces without end":   {`{"answer":"a"` + strings.Repeat(" \n", 300), "a", ""},
		"quote, then spaces":   {`{"answer":"a"` + strings.Repeat(" ", 200) + `b"}`, `a"` + strings.Repeat(" ", 200) + "b", ""},
		"trailing comma":       {`{"answer":"a",}`, "a", ""},
		"cut after a quote":    {`{"answer":"a" , "b`, "a", ""},
		"cut verdict":          {`{"answer":"a","compl`, "a", ""},
		"cut answer":           {`{"answer":"abc`, "abc", ""},
		"plain":                {"\n It is {so} [1].\n", "It is {so} [1].\n", ""},
		"long plain":           {long + `{"answer":"x"}`, long + `{"answer":"x"}`, ""},
		"markdown fence":       {"```markdown\n# It\nis `so`.\n```\n\n", "# It\nis `so`.", ""},
		"fence with code in":   {"```md\nUse\n```\nx\n```\nso\n```", "Use\n```\nx\n```\nso", ""},
		"code":                 {"```go\nx := 1\n```\n", "```go\nx := 1\n```\n", ""},
		"an object of theirs":  {`Set {"debug": true} in the file.`, `Set {"debug": true} in the file.`, ""},
		"brace at the start":   {`{x} is a set.`, `{x} is a set.`, ""},
		"no answer":            {`{"complete":true,"missing":""}`, "", ""},
		"answer is null":       {`{"answer":null,"complete":false}`, "", ""},
		"answer is an object":  {`{"answer":{"text":"a"}}`, "", ""},
		"empty answer":         {`{"answer":" ","complete":true}`, "", ""},
		"only other names":     {"```json\n{\"reply\":\"a\"}\n```", "", ""},
		"cut before the start": {`{"complete":tr`, "", ""},
		"nothing":              {"", "", ""},
	} {
		for size := 1; size <= len(c.reply)+1; size++ {
			got, a := readAnswer(t, c.reply, size)
			if got != c.want || lacks(a) != c.missing {
				t.Errorf("%s, pieces of %d: %q, missing %q; want %q", name, size, got, lacks(a), c.want)
				break
			}
			if a.wrote != (got != "") {
				t.Errorf("%s: wrote %v", name, a.wrote)
			}
		}
	}
}

func TestAnswerHoldsBackLittleAfterAQuote(t *testing.T) {
	a := newAnswer(io.Discard)
	a.write(`{"answer":"a"`)
	for range 1000 {
		if a.write(" "); len(a.pend) > pendBytes+1 {
			t.Fatalf("%d bytes held back", len(a.pend))
		}
	}
	if !a.closed {
		t.Error("the answer stays open")
	}
}

func TestAnswerStreamsWhatHasCome(t *testing.T) {
	var b bytes.Buffer
	a := newAnswer(&b)
	for _, c := range []struct{ piece, want string }{
		{`{"ans`, ""}, {`wer":"`, ""}, {"Hel", "Hel"}, {`lo\`, "Hello"}, {`n`, "Hello\n"}, {`\ud83d`, "Hello\n"}, {`\ude00`, "Hello\n😀"}, {`","com`, "Hello\n😀"}, {`plete":`, "Hello\n😀"},
	} {
		a.write(c.piece)
		if b.String() != c.want {
			t.Errorf("after %q: %q, want %q", c.piece, b.String(), c.want)
		}
	}
	if !a.closed {
		t.Error("the closing quote was missed")
	}
}

func TestAnswerTakesBackWhatAModelThoughtAloud(t *testing.T) {
	loud := strings.Repeat("Let me {think} about [1]. ", 50) + `{"thought": "{}"} and so `
	reply := loud + "```json\n{\"answer\":\"a\",\"complete\":false,\"missing\":\"m\"}\n```"
	for size := 1; size <= len(reply)+7; size += 7 {
		var first, second bytes.Buffer
		a := newAnswer(&first)
		a.void = func() io.Writer { return &second }
		for i := 0; i < len(reply); i += size {
			a.write(reply[i:min(i+size, len(reply))])
		}
		a.end()
		if second.String() != "a" || lacks(a) != "m" || !a.wrote {
			t.Fatalf("pieces of %d: %q, missing %q", size, second.String(), lacks(a))
		}
	}
	var b bytes.Buffer
	a := newAnswer(&b)
	a.write(reply)
	a.write(" more")
	if a.end(); b.String() != reply+" more" {
		t.Errorf("a text that cannot be taken back: %q", b.String())
	}
}

func TestAnswerKeepsTheErrorOfItsWriter(t *testing.T) {
	full := errors.New("full")
	a := newAnswer(writerFunc(func([]byte) (int, error) { return 0, full }))
	if err := a.write(`{"answer":"a`); err != full {
		t.Error(err)
	}
	if err := a.end(); err != full {
		t.Error(err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// FuzzAnswer checks that what is read does not depend on the pieces, and that
// no rune is broken.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		`{"answer":"a \ud83d\ude00 \n [1]","complete":false,"missing":"m"}`, "```md\nx\n```", `{"x":{"answer":1}}{"answer":"\u12"`, "plain {\"answer\" \x00",
	} {
		f.Add(s, uint8(1))
		f.Add(s, uint8(6))
	}
	f.Fuzz(func(t *testing.T, reply string, size uint8) {
		got, a := readAnswer(t, reply, len(reply)+1)
		got2, a2 := readAnswer(t, reply, int(size%32)+1)
		if got != got2 || lacks(a) != lacks(a2) || a.closed != a2.closed {
			t.Errorf("%q: whole %q, in pieces %q", reply, got, got2)
		}
		if utf8.ValidString(reply) && !utf8.ValidString(got) {
			t.Errorf("%q gave %q", reply, got)
		}
	})
}

// lacks returns what an answer says is missing.
func lacks(a *answer) string {
	_, missing := a.verdict()
	return missing
}

func TestAnswerSaysWhatItIs(t *testing.T) {
	for reply, want := range map[string]swarm.Status{
		`{"work":"1 + 1","answer":"a","status":"answered","missing":""}`:                   swarm.Answered,
		`{"work":"","answer":"a","status":"Partly","missing":"the rest"}`:                  swarm.Partly,
		`{"work":"","answer":"a","status":"not in the texts","missing":""}`:                swarm.NotInTexts,
		`{"status":"read more","missing":"the annex","work":"","answer":"a"}`:              swarm.ReadMore,
		`{"answer":"a","complete":false,"missing":"the annex"}`:                            swarm.ReadMore,
		`{"answer":"a","complete":true}`:                                                   swarm.Answered,
		`{"answer":"a","status":7}`:                                                        swarm.Answered,
		`{"answer":"a","status":"read mo`:                                                  swarm.Answered,
		`{"work":"` + strings.Repeat("item, ", 9000) + `","answer":"a","status":"partly"}`: swarm.Partly,
	} {
		got, a := readAnswer(t, reply, 50)
		if status, missing := a.verdict(); got != "a" || status != want || (missing != "") != (want == swarm.ReadMore) {
			t.Errorf("%.80s: %q, %v, missing %q", reply, got, status, missing)
		}
	}
}
