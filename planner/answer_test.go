package planner

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
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
	for name, c := range map[string]struct {
		reply, want, missing string
		incomplete           bool
	}{
		"object":               {`{"answer":"It is [1].","complete":true,"missing":""}`, "It is [1].", "", false},
		"incomplete":           {`{"answer":"Partly.","complete":false,"missing":"the \"date\""}`, "Partly.", `the "date"`, true},
		"complete says more":   {`{"answer":"a","complete":true,"missing":"x"}`, "a", "", false},
		"other order":          {`{"complete":false,"missing":"m","answer":"a"}`, "a", "m", true},
		"spaces":               {" {\n \"answer\" : \"a\" ,\n\"complete\":false\n}\n", "a", "", true},
		"escapes":              {`{"answer":"\n q \"\\\/\b\f\t\r\n\u00e9\u627E"}`, "q \"\\/\t\r\né找", "", false},
		"pairs":                {`{"answer":"\ud83d\ude00 \ud83dx \ude00 \ud83d\ud83d\ude00 \ud83d"}`, "😀 \uFFFDx \uFFFD \uFFFD😀 \uFFFD", "", false},
		"escapes of no JSON":   {`{"answer":"\alpha \u12g4 \u1","complete":false}`, `\alpha \u12g4 \u1`, "", true},
		"raw line breaks":      {"{\"answer\":\"a\nb\tc\",\"complete\":false}", "a\nb\tc", "", true},
		"fence":                {"```json\n{\"answer\":\"a\",\"complete\":false}\n```", "a", "", true},
		"prose before":         {"Here is the {answer}:\n{\"answer\":\"a\"}", "a", "", false},
		"another object first": {`{"x":1} {"answer":"a"}`, "a", "", false},
		"verdict of a type":    {`{"answer":"a","complete":"no","missing":3}`, "a", "", false},
		"verdict null":         {`{"answer":"a","complete":null}`, "a", "", false},
		"two answers":          {`{"answer":"a","answer":"b"}`, "a", "", false},
		"nested answer":        {`{"x":{"answer":"no"},"answer":"a"}`, "a", "", false},
		"broken verdict":       {`{"answer":"a",complete:false}`, "a", "", false},
		"quotes not escaped":   {`{"answer":"He said "now", not "then" ["a","b"], and {"x":"y"z} "", ", "complete":false,"missing":"m"}`, `He said "now", not "then" ["a","b"], and {"x":"y"z} "", `, "m", true},
		"quote, then the end":  {`{"answer":"He said \"now\"" , "more": 1}`, `He said "now"`, "", false},
		"spaces without end":   {`{"answer":"a"` + strings.Repeat(" \n", 300), "a", "", false},
		"quote, then spaces":   {`{"answer":"a"` + strings.Repeat(" ", 200) + `b"}`, `a"` + strings.Repeat(" ", 200) + "b", "", false},
		"trailing comma":       {`{"answer":"a",}`, "a", "", false},
		"cut after a quote":    {`{"answer":"a" , "b`, "a", "", false},
		"cut verdict":          {`{"answer":"a","compl`, "a", "", false},
		"cut answer":           {`{"answer":"abc`, "abc", "", false},
		"plain":                {"\n It is {so} [1].\n", "It is {so} [1].\n", "", false},
		"long plain":           {long + `{"answer":"x"}`, long + `{"answer":"x"}`, "", false},
		"markdown fence":       {"```markdown\n# It\nis `so`.\n```\n\n", "# It\nis `so`.", "", false},
		"fence with code in":   {"```md\nUse\n```\nx\n```\nso\n```", "Use\n```\nx\n```\nso", "", false},
		"code":                 {"```go\nx := 1\n```\n", "```go\nx := 1\n```\n", "", false},
		"an object of theirs":  {`Set {"debug": true} in the file.`, `Set {"debug": true} in the file.`, "", false},
		"brace at the start":   {`{x} is a set.`, `{x} is a set.`, "", false},
		"no answer":            {`{"complete":true,"missing":""}`, "", "", false},
		"answer is null":       {`{"answer":null,"complete":false}`, "", "", false},
		"answer is an object":  {`{"answer":{"text":"a"}}`, "", "", false},
		"empty answer":         {`{"answer":" ","complete":true}`, "", "", false},
		"only other names":     {"```json\n{\"reply\":\"a\"}\n```", "", "", false},
		"cut before the start": {`{"complete":tr`, "", "", false},
		"nothing":              {"", "", "", false},
	} {
		for size := 1; size <= len(c.reply)+1; size++ {
			got, a := readAnswer(t, c.reply, size)
			complete, missing := a.verdict()
			if got != c.want || complete == c.incomplete || missing != c.missing {
				t.Errorf("%s, pieces of %d: %q, complete %v, missing %q; want %q", name, size, got, complete, missing, c.want)
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
		a.void = func() (io.Writer, bool) { return &second, true }
		for i := 0; i < len(reply); i += size {
			a.write(reply[i:min(i+size, len(reply))])
		}
		a.end()
		if complete, missing := a.verdict(); second.String() != "a" || complete || missing != "m" || !a.wrote {
			t.Fatalf("pieces of %d: %q, complete %v, missing %q", size, second.String(), complete, missing)
		}
	}
	var b bytes.Buffer
	a := newAnswer(&b)
	a.void = func() (io.Writer, bool) { return nil, false }
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
		c, m := a.verdict()
		c2, m2 := a2.verdict()
		if got != got2 || c != c2 || m != m2 || a.closed != a2.closed {
			t.Errorf("%q: whole %q, in pieces %q", reply, got, got2)
		}
		if utf8.ValidString(reply) && !utf8.ValidString(got) {
			t.Errorf("%q gave %q", reply, got)
		}
	})
}
