package findings

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/swarm"
)

// numbered returns n citations, each of its own place.
func numbered(n int) []swarm.Citation {
	var cs []swarm.Citation
	for i := range n {
		cs = append(cs, swarm.Citation{Source: "s", Chunk: "c", Start: i + 1, Quote: fmt.Sprint(i + 1)})
	}
	return cs
}

// renumber writes text in pieces of the given size and returns what came out
// and the old numbers of the citations in their new order.
func renumber(t testing.TB, text string, n, size int) (string, string) {
	var b bytes.Buffer
	r := NewRenumber(&b, numbered(n))
	for i := 0; i < len(text); i += size {
		if _, err := r.Write([]byte(text[i:min(i+size, len(text))])); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	var old []string
	for _, c := range r.Citations() {
		old = append(old, c.Quote)
	}
	return b.String(), strings.Join(old, " ")
}

func TestRenumber(t *testing.T) {
	for _, c := range []struct{ in, want, cites string }{
		{"The sky is blue [7].", "The sky is blue [1].", "7"},
		{"a [7] b [3] c [7]", "a [1] b [2] c [1]", "7 3"},
		{"a [9, 7] b [9][7]; c [9;9]", "a [1, 2] b [1][2]; c [1]", "9 7"},
		{"a [7-9] b [7–8] c [3，4]", "a [1, 2, 3] b [1, 2] c [4, 5]", "7 8 9 3 4"},
		{"天空是蓝色的[7]，海也是[3]。", "天空是蓝色的[1]，海也是[2]。", "7 3"},
		{"blue[2]. year 2020[3] café[4] née[5] it's[6] it’s[7]", "blue[1]. year 2020[2] café[3] née[4] it's[5] it’s[6]", "2 3 4 5 6 7"},
		{"**bold [2]** and *it [3]*", "**bold [1]** and *it [2]*", "2 3"},
		{"blue [^7]. 天空【3】，海［7, 4］。x【5】y 【6】[7]", "blue [1]. 天空[2]，海[1, 3]。x[4]y [5][1]", "7 3 4 5 6"},
		{"a [7 and 9] b [9, 3, and 7] c [7 & 3] d [3和9]", "a [1, 2] b [2, 3, 1] c [1, 3] d [3, 2]", "7 9 3"},
		{"[and] [1and2] [1 and] [and so [nan", "[and] [1and2] [1 and] [and so [nan", ""},
		{"a【7†source】b [3†two words.txt] c 【7†L3-L9】 d [9†a, 3†b]", "a[1]b [2] c [1] d [3, 2]", "7 3 9"},
		{"dagger † [†] [7† open", "dagger † [†] [7† open", ""},
		// Numbers that no citation has.
		{"not so [57]. and [57, 2]", "not so. and [1]", "2"},
		{"x [57][2] y [57][58] z", "x [1] y z", "2"},
		{"in [2024] and args[57] and [5-57]", "in [2024] and args[57] and [5-57]", ""},
		{"[57] first", " first", ""},
		// No references.
		{"var a [3]int; b [2]*T; c [2][3]byte; d [2][n]int", "var a [3]int; b [2]*T; c [2][3]byte; d [2][n]int", ""},
		{"a[1] x[2][3] my_list[4]", "a[1] x[2][3] my_list[4]", ""},
		{`text \[3] and \\[3]`, `text \[3] and \\[1]`, "3"},
		{"`v := t [3]` but [3]", "`v := t [3]` but [1]", "3"},
		{"``a ` [3]`` [3]", "``a ` [3]`` [1]", "3"},
		{"stray ` tick [3]\nnext [4]", "stray ` tick [3]\nnext [1]", "4"},
		{"```go\nx = [3]\n``\n```\nthen [3]", "```go\nx = [3]\n``\n```\nthen [1]", "3"},
		{"[0] [01] [] [a] [1.5] [1,] [-1] [9-7] [1\n]", "[0] [01] [] [a] [1.5] [1,] [-1] [9-7] [1\n]", ""},
		{"[Finding 3] (3) [^a] 【注意】［a］【3", "[Finding 3] (3) [^a] 【注意】［a］【3", ""},
		{`\【3】 \［3］ \[^3]`, `\【3】 \［3］ \[^3]`, ""},
		{"open [7", "open [7", ""},
		{"open [7]", "open [1]", "7"},
		{"ends with space ", "ends with space ", ""},
		{"ends with \\", "ends with \\", ""},
		{"bad \xe2\x80 bytes\xff [2\xe2] [3]", "bad \xe2\x80 bytes\xff [2\xe2] [1]", "3"},
		{"[" + strings.Repeat(" ", 120) + "1]", "[" + strings.Repeat(" ", 120) + "1]", ""},
	} {
		for size := 1; size <= len(c.in); size++ {
			got, cites := renumber(t, c.in, 12, size)
			if got != c.want || cites != c.cites {
				t.Errorf("%q in pieces of %d:\n got %q citing %q\nwant %q citing %q", c.in, size, got, cites, c.want, c.cites)
				break
			}
		}
	}
}

func TestRenumberGivesEqualCitationsOneNumber(t *testing.T) {
	same := swarm.Citation{Source: "s", Chunk: "c1", Start: 5, End: 9, Quote: "q"}
	other := same
	other.Chunk = "c2" // chunks overlap
	var b bytes.Buffer
	r := NewRenumber(&b, []swarm.Citation{{Source: "x"}, same, other})
	fmt.Fprint(r, "a [3] b [2] c [2, 3]")
	r.Close()
	if b.String() != "a [1] b [1] c [1]" || len(r.Citations()) != 1 || r.Citations()[0].Chunk != "c2" {
		t.Errorf("%q, %+v", b.String(), r.Citations())
	}
}

type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errors.New("full")
	}
	return len(p), nil
}

func TestRenumberKeepsTheErrorOfItsWriter(t *testing.T) {
	r := NewRenumber(&failing{left: 1}, nil)
	if _, err := r.Write([]byte("a")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := r.Write([]byte("b")); err == nil || err.Error() != "full" {
			t.Errorf("error %v", err)
		}
	}
	if r.Close() == nil {
		t.Error("Close forgot the error")
	}
}

// whole fails if a piece ends within a rune.
type whole struct {
	t *testing.T
	bytes.Buffer
}

func (w *whole) Write(p []byte) (int, error) {
	if !utf8.Valid(p) {
		w.t.Errorf("piece %q is cut within a rune", p)
	}
	return w.Buffer.Write(p)
}

func TestRenumberWritesWholeRunes(t *testing.T) {
	w := &whole{t: t}
	r := NewRenumber(w, numbered(3))
	const text = "海是蓝色的[2，3]。😀 é あい ［ア］ ｱ \u3000🛠️" // some begin as brackets do
	for i := range len(text) {
		r.Write([]byte(text[i : i+1]))
	}
	r.Close()
	if got := w.String(); got != "海是蓝色的[1, 2]。😀 é あい ［ア］ ｱ \u3000🛠️" {
		t.Error(got)
	}
}

func TestRenumberHoldsBackLittle(t *testing.T) {
	var b bytes.Buffer
	r := NewRenumber(&b, numbered(9))
	in := 0
	for _, s := range []string{strings.Repeat("[1]", 1000), strings.Repeat("[", 1000), strings.Repeat("[1, ", 1000), strings.Repeat("`", 1000) + "\n", strings.Repeat("word ", 1000)} {
		for i := range len(s) {
			r.Write([]byte(s[i : i+1]))
			in++
			if held := len(r.marks.buf); held > chainBytes+groupBytes+4 {
				t.Fatalf("%d bytes held back after %d", held, in)
			}
		}
	}
}

// FuzzRenumber checks that the output does not depend on the pieces, and that
// escaped text passes unchanged and refers to nothing.
func FuzzRenumber(f *testing.F) {
	for _, s := range []string{
		"a [1] b [2, 3][4]. `x [1]` [57] a[1] [3]int \\[4] 海[2]。", "[1", "[1]*", "```\n[1]\n```", "\xe2\x80[1\xe2\x80\x93", "it's[1] x_y[2]", "【1】［2］[^3] \\【4】",
	} {
		f.Add(s, uint8(1))
		f.Add(s, uint8(3))
	}
	f.Fuzz(func(t *testing.T, s string, size uint8) {
		once, cites := renumber(t, s, 9, len(s)+1)
		got, cites2 := renumber(t, s, 9, int(size%16)+1)
		if got != once || cites != cites2 {
			t.Errorf("%q: whole %q citing %q, in pieces of %d %q citing %q", s, once, cites, size%16+1, got, cites2)
		}
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("%q became invalid: %q", s, got)
		}
		esc := Escape(s)
		if got, cites := renumber(t, esc, 9, 7); got != esc || cites != "" {
			t.Errorf("escaped %q became %q citing %q", esc, got, cites)
		}
	})
}
