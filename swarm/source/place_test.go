package source_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/source"
)

// filing is a report on companies with a table each, whose head is far above
// its last rows.
func filing() string {
	var b strings.Builder
	b.WriteString("A report on three companies. " + fill(6) + "\n\n")
	for _, name := range []string{"ACME TEA CORP.", "BOLT MILK CORP.", "CASK JUICE CORP."} {
		fmt.Fprintf(&b, "%s\n\nItem 1. Business\n\n%s\n\nItem 8. Statements\n\n", strings.TrimSuffix(name, "."), fill(8))
		b.WriteString("Balance sheet of " + name[:4] + "\n(in thousands)\n\n                      December 31,\n                      2023      2022\n")
		for part := range 4 {
			fmt.Fprintf(&b, "Assets of part %d:\n", part)
			for i := range 20 {
				fmt.Fprintf(&b, "  %s asset %d.%d      $ 1,%03d      $ 2,%03d\n", name[:4], part, i, i, i)
			}
			fmt.Fprintf(&b, "\n  Sum %d      31,000      41,000\n\n", part)
		}
		b.WriteString("The notes are part of this. " + fill(3) + "\n\n")
	}
	return b.String()
}

func TestChunkOfAFilingKnowsItsCompanyAndItsColumns(t *testing.T) {
	txt := text(source.Plain, filing())
	for _, size := range []int{60, 200, 800} {
		o := source.Options{Size: size}
		src := mustChunk(t, txt, o)
		checkChunks(t, txt, o, src)
		for _, name := range []string{"ACME", "BOLT", "CASK"} {
			for part := range 4 {
				for i := range 20 {
					row := fmt.Sprintf("%s asset %d.%d ", name, part, i)
					c := chunkWith(t, src, row)
					place := c.PlaceAt(strings.Index(c.Text, row))
					if !strings.HasPrefix(place.Path, name) || !strings.HasSuffix(place.Path, " › Item 8. Statements") {
						t.Fatalf("size %d: %q stands under %q", size, row, place.Path)
					}
					head := place.Head
					if at := strings.Index(c.Text, row); head == "" {
						head = c.Text[:at]
					}
					if !strings.Contains(head, "Balance sheet of "+name) || !strings.Contains(head, "(in thousands)") || !strings.Contains(head, "2023      2022") {
						t.Fatalf("size %d: the head of %q is %q", size, row, place.Head)
					}
				}
			}
		}
		for _, c := range src.Chunks {
			if at := strings.Index(c.Text, "The notes are"); at >= 0 && c.PlaceAt(at).Head != "" {
				t.Errorf("size %d: the head of a table holds for the text below it: %+v", size, c.Places)
			}
		}
		if first := src.Chunks[0].PlaceAt(0).Path; first != `(before "ACME TEA CORP")` {
			t.Errorf("size %d: the text begins under %q", size, first)
		}
	}
}

func TestChunkOverTwoSectionsKeepsBothPaths(t *testing.T) {
	for _, c := range []struct {
		name, body string
		size       int
		path       string
		places     []string
	}{
		{"with nothing in common", "# A\n\none\n\n# B\n\ntwo\n", 0, "A; B", []string{"A", "B"}},
		{"under one heading", "# A\n\n## B\n\none\n\n## C\n\ntwo\n", 0, "A › (B; C)", []string{"A", "A › B", "A › C"}},
		{"a section and one under it", "# A\n\none\n\n## B\n\ntwo\n", 0, "A › (B)", []string{"A", "A › B"}},
		{"after text without a heading", "one\n\n# A\n\ntwo\n", 0, `(before "A"); A`, []string{`(before "A")`, "A"}},
		{"many", "# A\n\n1\n\n# B\n\n2\n\n# C\n\n3\n\n# D\n\n4\n", 0, "A; …; D", []string{"A", "B", "C", "D"}},
		{"the end of one", "# R\n\n## A\n\n" + fill(20) + "\n\n## B\n\ntwo\n", 250, "R › (A; B)", []string{"R", "R › A", "R › B"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			txt, o := text(source.Markdown, c.body), source.Options{Size: c.size}
			src := mustChunk(t, txt, o)
			checkChunks(t, txt, o, src)
			chunk := src.Chunks[len(src.Chunks)-1]
			var places []string
			for _, p := range chunk.Places {
				places = append(places, p.Path)
			}
			if chunk.Path != c.path || !slices.Equal(places, c.places) {
				t.Errorf("path %q, places %q; want %q, %q", chunk.Path, places, c.path, c.places)
			}
			at := strings.LastIndex(chunk.Text, "\n")
			if p := chunk.PlaceAt(at); p.Path != c.places[len(c.places)-1] {
				t.Errorf("the last line stands under %q", p.Path)
			}
		})
	}
}

func TestChunkKnowsTheHeadsOfTables(t *testing.T) {
	rows := strings.Repeat("| tea | 12 | 3.5% |\n", 40)
	for _, c := range []struct{ name, before, want string }{
		{"one row", "# T\n\n| name | price | share |\n|---|---|---|\n", "| name | price | share |\n|---|---|---|"},
		{"two rows", "# T\n\n|  | Year ended |  |\n|  | 2023 | 2022 |\n", "|  | Year ended |  |\n|  | 2023 | 2022 |"},
		{"caption and units", "# T\n\nTable 3: Prices\n\n(in euros)\n\n| name | price | share |\n", "Table 3: Prices\n\n(in euros)\n\n| name | price | share |"},
		{"a sentence is no caption", "# T\n\nPrices rose.\n\n| name | price | share |\n", "| name | price | share |"},
		{"values name no columns", "# T\n\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			txt, o := text(source.Markdown, c.before+rows+"\n"+fill(3)), source.Options{Size: 100}
			src := mustChunk(t, txt, o)
			checkChunks(t, txt, o, src)
			if got := src.Chunks[1].PlaceAt(0); got.Head != c.want || got.Path != "T" {
				t.Errorf("under %q: %q, want %q", got.Path, got.Head, c.want)
			}
			end := src.Chunks[len(src.Chunks)-1]
			if got := end.PlaceAt(len(end.Text) - 1); got.Head != "" {
				t.Errorf("behind the table its head still holds: %q", got.Head)
			}
		})
	}
}

const (
	goCode = "// Package list has lists.\npackage list\n\nimport \"fmt\"\n\n// List is a list.\ntype List[T any] struct {\n\troot T\n}\n\nconst (\n\tSmall = 1\n\tLarge = 2\n)\n\n" +
		"// Insert inserts.\nfunc (l *List[T]) Insert(x T) {\n\n\tfmt.Println(x, \"needle\")\n}\n\nfunc New() *List[int] { return nil }\n"
	pyCode = "\"\"\"Shop.\"\"\"\nimport os\n\nclass Cart(Base):\n    \"\"\"A cart.\"\"\"\n\n    @property\n    def total(self,\n              rate):\n        return 'needle'\n\n    async def pay(self):\n" +
		"        if self:\n            pass\n\ndef main():\n    Cart()\n\nif __name__ == \"__main__\":\n    main()  # start\n"
	tsCode = "import x from 'y';\n\nexport interface Item<T> {\n  id: T;\n}\n\nexport default class Cart extends Base {\n  private async total(rate: number): Promise<number> {\n    if (rate > 1) {\n      return needle;\n    }\n  }\n}\n\n" +
		"export const load = async (id: string) => {\n  return id;\n};\n\nexport function save<T>(x: T) {\n}\n\ndescribe('cart', () => {\n  start();\n});\n"
	rustCode = "use std::fmt;\n\n#[derive(Debug)]\npub struct List<T> {\n    root: T,\n}\n\nimpl<T> fmt::Display for List<T> {\n    pub(crate) fn insert(&self) -> T {\n        needle\n    }\n}\n\nmod tests {\n}\n"
	cCode    = "#include <stdio.h>\n\nstruct list {\n    struct item *first;\n};\n\nstatic int\ninsert(struct list *l, int x)\n{\n    if (x) {\n        return needle;\n    }\n}\n\nint main(void)\n{\n    insert(0, 1);\n}\n"
	javaCode = "package shop;\n\npublic final class Cart {\n    @Override\n    public Map<String, Item> items(int rate) throws Error {\n        while (rate > 0) {\n            needle();\n        }\n    }\n}\n"
	sqlCode  = "-- the needle is here\nCREATE TABLE IF NOT EXISTS users (\n  id int\n);\n\ncreate or replace view adults as\nselect * from users;\n"
	shCode   = "#!/bin/sh\nset -e\n\nbuild() {\n  echo needle\n}\n\nbuild\n"
	rubyCode = "module Shop\n  class Cart < Base\n    def self.total(x)\n      needle\n    end\n  end\nend\n"
)

func TestChunkOfCodeKnowsItsDeclaration(t *testing.T) {
	for _, c := range []struct {
		file, body string
		path       string // of the line with "needle"
		outline    []string
	}{
		{"list.go", goCode, "list.go › func (l *List[T]) Insert", []string{"- type List", "- const Small, Large", "- func List.Insert", "- func New"}},
		{"broken.go", strings.TrimSuffix(goCode, "}\n") + "{", "broken.go › func (l *List[T]) Insert", []string{"- type List", "- const Small, Large", "- func List.Insert", "- func New"}},
		{"shop.py", pyCode, "shop.py › class Cart › def total", []string{"- class Cart", "  - def total", "  - def pay", "- def main"}},
		{"cart.ts", tsCode, "cart.ts › class Cart › total", []string{"- interface Item", "- class Cart", "  - total", "- const load", "- function save"}},
		{"list.rs", rustCode, "list.rs › impl<T> fmt::Display for List<T> › fn insert", []string{"- struct List", "- impl<T> fmt::Display for List<T>", "  - fn insert", "- mod tests"}},
		{"list.c", cCode, "list.c › insert", []string{"- struct list", "- insert", "- int main"}},
		{"Cart.java", javaCode, "Cart.java › class Cart › Map<String, Item> items", []string{"- class Cart", "  - Map<String, Item> items"}},
		{"users.sql", sqlCode, "users.sql › CREATE TABLE IF NOT EXISTS users", []string{"- CREATE TABLE IF NOT EXISTS users", "- create or replace view adults"}},
		{"build.sh", shCode, "build.sh › build", []string{"- build"}},
		{"cart.rb", rubyCode, "cart.rb › module Shop › class Cart › def self.total", []string{"- module Shop", "  - class Cart", "    - def self.total"}},
		{"data.json", "{\n  \"class\": \"needle\",\n  \"type\": [1]\n}\n", "", nil},
	} {
		t.Run(c.file, func(t *testing.T) {
			txt, err := source.Decode(c.file, []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			o := source.Options{Size: 16, Outline: 400}
			src := mustChunk(t, txt, o)
			checkChunks(t, txt, o, src)
			chunk := chunkWith(t, src, "needle")
			if got := chunk.PlaceAt(strings.Index(chunk.Text, "needle")).Path; got != c.path {
				t.Errorf("path %q, want %q", got, c.path)
			}
			var names []string
			for line := range strings.Lines(src.Outline) {
				if name, _, ok := strings.Cut(line, " [#"); ok {
					names = append(names, name)
				}
			}
			if !slices.Equal(names, c.outline) {
				t.Errorf("outline\n%s\nwant %q", src.Outline, c.outline)
			}
			last := src.Chunks[len(src.Chunks)-1]
			if got := last.PlaceAt(len(last.Text) - 1).Path; (c.file == "shop.py" || c.file == "cart.ts" || c.file == "build.sh") && got != c.file {
				t.Errorf("the end of the file stands under %q", got)
			}
		})
	}
}

func TestOutlineKeepsAllTopHeadings(t *testing.T) {
	var b strings.Builder
	for i := range 60 {
		fmt.Fprintf(&b, "# Company %d, which has a long name that goes on and on until the line is full\n\n", i)
		for j := range 3 {
			fmt.Fprintf(&b, "## Item %d\n\n%s\n\n", j, fill(3))
		}
	}
	txt := text(source.Markdown, b.String())
	src := mustChunk(t, txt, source.Options{})
	checkChunks(t, txt, source.Options{}, src)
	for i := range 60 {
		if !strings.Contains(src.Outline, fmt.Sprintf("- Company %d,", i)) {
			t.Errorf("no company %d in\n%s", i, src.Outline)
		}
	}
}

func TestSectionsOfASource(t *testing.T) {
	txt := text(source.Plain, filing())
	for _, overlap := range []int{0, 40} {
		src := mustChunk(t, txt, source.Options{Size: 120, Overlap: overlap})
		var paths []string
		var all strings.Builder
		tokens, next := 0, 1
		for s := range src.Sections() {
			if s.First > next || s.Last < s.First {
				t.Errorf("%q: chunks %d to %d, want a first of %d at most", s.Path, s.First, s.Last, next)
			}
			paths, next = append(paths, s.Path), s.Last+1
			tokens += s.Tokens
			all.WriteString(strings.Join(s.Text, ""))
		}
		want := []string{`(before "ACME TEA CORP")`}
		for _, name := range []string{"ACME TEA CORP", "BOLT MILK CORP", "CASK JUICE CORP"} {
			want = append(want, name, name+" › Item 1. Business", name+" › Item 8. Statements")
		}
		if !slices.Equal(paths, want) {
			t.Errorf("sections %q, want %q", paths, want)
		}
		if strings.Join(strings.Fields(all.String()), "") != strings.Join(strings.Fields(txt.Body), "") {
			t.Error("the sections' text is not the source's")
		}
		if whole := swarm.EstimateTokens(txt.Body); tokens < whole*9/10 || tokens > whole*11/10 {
			t.Errorf("%d tokens, want about %d", tokens, whole)
		}
	}
}
