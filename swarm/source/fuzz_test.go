package source_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/swarm/source"
)

func FuzzChunk(f *testing.F) {
	for _, body := range []string{
		"# A\n\ntext.\n\n## B\n\n| a | b |\n| 1 | 2 |\n\n```\ncode\n\nmore\n```\n", "A\n===\ntext\r\n\r\nB\n---\r\n- x\r\n- y\r\n",
		"第一章 总则\n第一条 甲方应当付款。乙方应当交货。\n", strings.Repeat("x", 500), "\ufeffBOM. And more.", "1 One\n\ntext\n\n1.1 Two\n\ntext",
		"a\n" + strings.Repeat(" ", 300) + "\nb", strings.Repeat("🎉", 80), "```\nopen", "id,name\n1,x\n2,y\n", "// Foo\n//\n// Bar baz.\n",
		"package a\n\n// F is f.\nfunc (t *T) F() {}\n\nvar x, y = 1, 2\n", "class A:\n    def f(self):\n        pass\n\nx = 1\n",
		"ACME INC.\n\nPROFIT\n(in millions)\n\n   Year   2023   2022\nTea   1   2\n\nOther:\n\nMilk   3   4\nSum   4   6\n\nText.\n",
	} {
		for format := range 5 {
			f.Add(body, uint8(format), uint8(4), uint8(3))
		}
	}
	f.Fuzz(func(t *testing.T, body string, format, size, overlap uint8) {
		txt := text(source.Format(format%5), body)
		o := source.Options{Size: 16 + int(size), Outline: 64}
		o.Overlap = int(overlap) % (o.Size/2 + 1)
		src, err := source.Chunk(txt, o)
		if err != nil {
			if utf8.ValidString(body) && strings.TrimFunc(body, blank) != "" {
				t.Fatal(err)
			}
			return
		}
		checkChunks(t, txt, o, src)
		txt.Path = "a.go" // the names of its declarations come from a parser
		if src, err = source.Chunk(txt, o); err != nil {
			t.Fatal(err)
		}
		checkChunks(t, txt, o, src)
	})
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"plain", "\xff\xfea\x00b\x00", "\xfe\xff\x00a\xd8\x00", "\xef\xbb\xbfbom", "caf\xe9 and more text", "a\x00b", "%PDF-1.7", "<html><meta charset=gbk>\xc4\xe3"} {
		f.Add("x.txt", []byte(s))
		f.Add("x.html", []byte(s))
		f.Add("", []byte(s))
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		txt, err := source.Decode(name, data)
		if err != nil {
			return
		}
		if !utf8.ValidString(txt.Body) {
			t.Fatal("body is not valid UTF-8")
		}
		if !txt.Converted && txt.Body != string(data) {
			t.Fatal("not converted, and not the file's bytes")
		}
		if txt.Converted && len(txt.Notes) == 0 {
			t.Fatal("converted without a note")
		}
		if src, err := source.Chunk(txt, source.Options{Size: 32}); err == nil {
			checkChunks(t, txt, source.Options{Size: 32}, src)
		}
	})
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		"<h1>A</h1><p>b<table><tr><td>1<td>2</table>", "<pre>\nx\n```\n</pre>", "<ul><li>a<ol><li>b</ul>", "<nav>x", "<p hidden>y</p>z",
		"<table><tr><td><table><tr><td><h2>x", "<script>a</script>b", "<div style='display:none'><pre>x</div>y", "<title>T</title>&lt;&nbsp;x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, page string) {
		txt, err := source.Decode("p.html", []byte(page))
		if err != nil {
			return
		}
		if len(txt.Body) > 40*len(page)+64 {
			t.Fatalf("%d bytes of text from %d", len(txt.Body), len(page))
		}
	})
}
