package source_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/source"
	"pgregory.net/rapid"
)

// wrap breaks lines as an editor does, before the word that would not fit.
func wrap(s string, width int) string {
	var b strings.Builder
	n := 0
	for word := range strings.FieldsSeq(s) {
		if n += len(word) + 1; n > width {
			b.WriteByte('\n')
			n = len(word) + 1
		} else if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	return b.String()
}

// fill makes n sentences of some twelve tokens each.
func fill(n int) string {
	return strings.TrimSpace(strings.Repeat("The harbour was quiet when the last ferry came in. ", n))
}

func TestChunkPathsOfHeadings(t *testing.T) {
	for _, c := range []struct {
		name   string
		format source.Format
		head   string // %s stands for body text
		want   string // path of the chunk with "needle"
	}{
		{"Markdown", source.Markdown, "# Guide\n\n%s\n\n## Setup\n\n%s\n\n### **Disk** [size](x)\n\nneedle %s", "Guide › Setup › Disk size"},
		{"setext", source.Markdown, "Guide\n=====\n\n%s\n\nSetup\n-----\n\nneedle %s", "Guide › Setup"},
		{"CRLF", source.Markdown, "# Guide\r\n\r\n%s\r\n\r\n## Setup\r\n\r\nneedle %s", "Guide › Setup"},
		{"numbers", source.Plain, "3 Rules\n\n%s\n\n3.2 Late arrivals\n\nneedle %s", "3 Rules › 3.2 Late arrivals"},
		{"capitals", source.Plain, "GENERAL TERMS\n\n%s\n\nARTICLE 5 DELIVERY\n\nneedle %s", "GENERAL TERMS › ARTICLE 5 DELIVERY"},
		{"chapters", source.Plain, "Part II\n\n%s\n\nChapter 4: The Storm\n\nneedle %s", "Part II › Chapter 4: The Storm"},
		{"items", source.Plain, "Item 7A. Market Risk\n\nneedle %s", "Item 7A. Market Risk"},
		{"articles in line", source.Plain, "Section 4. %s\n\nSection 5. The needle is due. %s", "Section 5."},
		{"wide tables", source.Plain, "ACME REPORT\n\nRegion   Profit   Loss\n" + strings.Repeat("North    12       0\n", 40) + "needle   1        2\n", "ACME REPORT"},
		{"title lines", source.Plain, "Opening hours\n\nneedle %s", "Opening hours"},
		{"Chinese chapters", source.Plain, "第三章 运输\n\n%s\n\n第二节 费用\n\nneedle %s", "第三章 运输 › 第二节 费用"},
		{"Chinese articles", source.Plain, "第三章 运输\n第六条 甲方付款。%s\n第七条 needle，乙方应当在三日内交货。%s", "第三章 运输 › 第七条"},
		{"Chinese numbers", source.Plain, "一、背景\n\n%s\n\n（二）现状\n\nneedle %s", "一、背景 › （二）现状"},
		{"Korean", source.Plain, "제2장 운송\n\n%s\n\n제7조(비용) needle %s", "제2장 운송 › 제7조(비용)"},
		{"comments", source.Code, "// %s\n//\n// Remove old files\n//\n// needle %s", "Remove old files"},
		{"before the first heading", source.Plain, "The needle is here. %s\n\nOpening hours\n\n%s", `(before "Opening hours")`},
		{"no headings", source.Plain, "The needle is here. %s\n\n%s", ""},
		{"a list is no heading", source.Plain, "1. Apples\n\n2. Pears\n\n3. Plums\n\nneedle %s", ""},
		{"a wrapped line is no heading", source.Plain, "%s\nSection 4 tells of the\nneedle and more. %s", ""},
		{"code is no heading", source.Markdown, "# A\n\n%s\n\n```\n# needle\n```\n\n%s\n\n## B\n\n%s", "A"},
	} {
		t.Run(c.name, func(t *testing.T) {
			txt := text(c.format, strings.ReplaceAll(c.head, "%s", fill(12)))
			o := source.Options{Size: 180}
			src := mustChunk(t, txt, o)
			checkChunks(t, txt, o, src)
			if got := chunkWith(t, src, "needle").Path; got != c.want {
				t.Errorf("path %q, want %q", got, c.want)
			}
		})
	}
}

func TestChunkPacksSmallSectionsUnderTheirParent(t *testing.T) {
	body := "# Menu\n\n"
	for i := range 6 {
		body += fmt.Sprintf("## Dish %d\n\nTasty.\n\n", i)
	}
	src := mustChunk(t, text(source.Markdown, body), source.Options{})
	if len(src.Chunks) != 1 || src.Chunks[0].Path != "Menu › (Dish 0; …; Dish 5)" {
		t.Errorf("%d chunks, first under %q; want one under Menu and its dishes", len(src.Chunks), src.Chunks[0].Path)
	}
}

func TestChunkLeavesNoHeadingWithoutItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		for i := range rapid.IntRange(1, 30).Draw(t, "sections") {
			fmt.Fprintf(&b, "## Part %d\n\n%s\n\n", i, fill(rapid.IntRange(1, 20).Draw(t, "sentences")))
		}
		src, err := source.Chunk(text(source.Markdown, b.String()), source.Options{Size: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range src.Chunks {
			lines := strings.Split(c.Text, "\n")
			if strings.HasPrefix(lines[len(lines)-1], "#") {
				t.Fatalf("chunk ends in a heading: %q", c.Text)
			}
		}
	})
}

func TestChunkKeepsTablesAndCodeWhole(t *testing.T) {
	table := "| name | price |\n|---|---|\n" + strings.Repeat("| kettle | 12 |\n", 12)
	code := "```\n" + strings.Repeat("x := f(y)\n\n", 12) + "```\n"
	indented := strings.Repeat("\tx := f(y)\n", 14)
	for n := range 14 {
		body := fill(n+1) + "\n\n" + table + "\n" + fill(n) + "\n\n" + code + "\n" + fill(n) + "\n\n" + indented
		src := mustChunk(t, text(source.Markdown, body), source.Options{Size: 200})
		for _, block := range []string{table, code, indented} {
			chunkWith(t, src, strings.TrimSpace(block))
		}
	}
}

func TestChunkKnowsTheHeadOfASplitTable(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,name,price\n")
	for i := range 300 {
		fmt.Fprintf(&b, "%d,kettle %d,%d\n", i, i, i*7)
	}
	txt := text(source.Table, b.String())
	src := mustChunk(t, txt, source.Options{Size: 100})
	checkChunks(t, txt, source.Options{Size: 100}, src)
	for i, c := range src.Chunks {
		if want := "id,name,price"; i > 0 && c.PlaceAt(0).Head != want {
			t.Errorf("chunk %d: head %q, want %q", i, c.PlaceAt(0).Head, want)
		}
		if last := c.Text[strings.LastIndexByte(c.Text, '\n')+1:]; strings.Count(last, ",") != 2 {
			t.Errorf("chunk %d ends within a record: %q", i, last)
		}
	}
}

func TestChunkNamesAllColumnsOfAWideTable(t *testing.T) {
	var names, row []string
	for i := range 40 {
		names, row = append(names, fmt.Sprintf("column %d", i)), append(row, strconv.Itoa(i*i))
	}
	body := strings.Join(names, ",") + "\n" + strings.Repeat(strings.Join(row, ",")+"\n", 50)
	s, err := source.Chunk(source.Text{Name: "w", Body: body, Format: source.Table}, source.Options{})
	if err != nil || len(s.Chunks) < 2 || s.Chunks[1].PlaceAt(0).Head != strings.Join(names, ",") {
		t.Errorf("%d chunks, %+v, %v", len(s.Chunks), s.Chunks[len(s.Chunks)-1].Places, err)
	}
}

func TestChunkKeepsRecordsOfSeveralLinesWhole(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,\"the\nnote\"\n")
	for i := range 100 {
		fmt.Fprintf(&b, "%d,\"said \"\"no\"\",\n\nand then, %d, left\"\n", i, i)
	}
	b.WriteString("7,5\" nails\n" + strings.Repeat("8,screws\n", 40))
	txt := text(source.Table, b.String())
	src := mustChunk(t, txt, source.Options{Size: 60})
	checkChunks(t, txt, source.Options{Size: 60}, src)
	for i, c := range src.Chunks {
		if strings.HasPrefix(c.Text, "and") || i > 0 && c.PlaceAt(0).Head != "id,\"the\nnote\"" {
			t.Errorf("chunk %d under %q begins within a record: %q", i, c.PlaceAt(0).Head, c.Text)
		}
	}
}

func TestChunkCutsBetweenSentencesAndRecords(t *testing.T) {
	for _, c := range []struct {
		name, body string
		ends       string
	}{
		{"Latin", strings.Repeat("Dr. Smith saw 3.5 miles of road (see fig. 2). He went on, e.g. to the sea! ", 40), ".!"},
		{"CJK", strings.Repeat("清晨的港口十分安静，最后一班渡轮刚刚靠岸。“后来呢？”他问。", 40), "。？”"},
		{"wrapped", wrap(fill(40), 50), "."},
		{"records", strings.Repeat("Record 17: owner Ann. City: Rome; code 4\n", 60), "4"},
		{"dialogue", strings.Repeat("ANN: Where did you go? I waited here\nBOB: To the sea, as you know\n", 60), "ew"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := mustChunk(t, text(source.Plain, c.body), source.Options{Size: 60})
			for _, chunk := range src.Chunks {
				runes := []rune(chunk.Text)
				if !strings.ContainsRune(c.ends, runes[len(runes)-1]) {
					t.Errorf("chunk ends within a sentence: %q", chunk.Text)
				}
			}
		})
	}
}

func TestChunkOverlapRepeatsSentences(t *testing.T) {
	txt := text(source.Plain, fill(100))
	o := source.Options{Size: 100, Overlap: 30}
	src := mustChunk(t, txt, o)
	checkChunks(t, txt, o, src)
	for i := 1; i < len(src.Chunks); i++ {
		if src.Chunks[i].Start >= src.Chunks[i-1].End {
			t.Errorf("chunk %d repeats nothing", i)
		}
	}
}

func TestChunkBoundsALineWithoutSpaces(t *testing.T) {
	for _, s := range []string{"x", "好", "🎉", "a\u0301"} {
		txt := text(source.Plain, strings.Repeat(s, 1_000_000/len(s)))
		checkChunks(t, txt, source.Options{}, mustChunk(t, txt, source.Options{}))
	}
}

func TestChunkRefusesWhatItCannotCut(t *testing.T) {
	for _, o := range []source.Options{{Size: 3}, {Size: -1}, {Overlap: -1}, {Overlap: 500}, {Outline: 2}} {
		if _, err := source.Chunk(text(source.Plain, "x"), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	if _, err := source.Chunk(text(source.Plain, " \n\t"), source.Options{}); !errors.Is(err, source.ErrEmpty) {
		t.Errorf("error %v, want ErrEmpty", err)
	}
	if _, err := source.Chunk(text(source.Plain, "a\xff"), source.Options{}); !errors.Is(err, source.ErrNotText) {
		t.Errorf("error %v, want ErrNotText", err)
	}
}

func TestChunkReadsTheGoSpecification(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skip("there is no go command to ask for its doc folder:", err)
	}
	txt, err := source.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "doc", "go_spec.html"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("this Go ships without its doc folder")
	}
	if err != nil {
		t.Fatal(err)
	}
	src := mustChunk(t, txt, source.Options{Size: 120})
	checkChunks(t, txt, source.Options{Size: 120}, src)
	for needle, path := range map[string]string{
		"A struct is a sequence of named elements": "Types › Struct types",
		"specifies repeated execution of a block":  "Statements › For statements",
		"The value of an uninitialized map is nil": "Types › Map types",
		"A type switch compares types rather than": "Statements › Switch statements › Type switches",
	} {
		c := chunkWith(t, src, needle)
		for _, title := range strings.Split(path, " › ") { // packed sections show theirs in the text
			if !strings.Contains(c.Path+c.Text, title) {
				t.Errorf("the chunk with %q tells nothing of %q: path %q", needle, title, c.Path)
			}
		}
	}
	for _, want := range []string{"- Types [#", "- Statements [#", "- Packages [#"} {
		if !strings.Contains(src.Outline, want) {
			t.Errorf("outline without %q:\n%s", want, src.Outline)
		}
	}
}

func BenchmarkChunk(b *testing.B) {
	prose := strings.Repeat(fill(20)+"\n\n", 1000)
	for name, txt := range map[string]source.Text{
		"prose":    text(source.Plain, prose),
		"markdown": text(source.Markdown, strings.Repeat("## Head\n\n"+fill(10)+"\n\n| a | b |\n| 1 | 2 |\n\n- x\n- y\n\n", 1500)),
		"chinese":  text(source.Plain, strings.Repeat("清晨的港口十分安静，最后一班渡轮刚刚靠岸。", 15000)),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(txt.Body)))
			for b.Loop() {
				if _, err := source.Chunk(txt, source.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func ExampleChunk() {
	t, err := source.Decode("kettles.md", []byte("# Kettles\n\nThey boil water.\n\n## Care\n\nDescale once a month.\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	src, err := source.Chunk(t, source.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(src.Outline)
	var c swarm.Chunk = src.Chunks[0]
	fmt.Println(c.ID, "under", c.Path, "at", c.Start, c.End, "line", c.Line)
	// Output:
	// kettles.md: Markdown, about 18 tokens, 1 chunk (#1)
	// - Kettles [#1]
	//   - Care [#1]
	// kettles.md#1 under Kettles › (Care) at 0 59 line 1
}

func TestChunkCutsNoLetterFromItsSigns(t *testing.T) {
	for name, body := range map[string]string{
		"Thai":      strings.Repeat("ผู้เช่าต้องแจ้งล่วงหน้าเงินประกันน้ำมัน", 40),
		"Hindi":     strings.Repeat("किरायेदारमहीनेपहलेसूचनादेसकताहैक्षेत्रश्री", 40),
		"Burmese":   strings.Repeat("အိမ်ငှားသည်ခြောက်လကြိုတင်အကြောင်းကြားရမည်", 40),
		"Khmer":     strings.Repeat("អ្នកជួលត្រូវជូនដំណឹងជាមុន", 40),
		"Tamil":     strings.Repeat("வாடகைக்குடியிருப்பவர்முன்னறிவிப்பு", 40),
		"accents":   strings.Repeat("e\u0301e\u0301o\u0308", 300),
		"families":  strings.Repeat("👩‍👩‍👧‍👦👍🏽🇩🇪", 100),
		"marks":     strings.Repeat("Nein‼️ Doch⁉️ ", 200),
		"syllables": strings.Repeat("한글", 300),
	} {
		for _, size := range []int{64, 100, 333} {
			txt := text(source.Plain, body)
			src := mustChunk(t, txt, source.Options{Size: size})
			checkChunks(t, txt, source.Options{Size: size}, src)
			bounds := map[int]bool{0: true, len(body): true}
			for g := graphemes.FromString(body); g.Next(); {
				bounds[g.End()] = true
			}
			for _, c := range src.Chunks {
				if first, _ := utf8.DecodeRuneInString(c.Text); !bounds[c.Start] || !bounds[c.End] || unicode.Is(unicode.M, first) {
					t.Errorf("%s, size %d: %s is cut within a letter: %q", name, size, c.ID, c.Text)
				}
			}
		}
	}
}

func TestChunkCutsThaiAtSpaces(t *testing.T) {
	src := mustChunk(t, text(source.Plain, strings.Repeat("ผู้เช่าต้องแจ้งล่วงหน้า เงินประกันคืนภายในสามสิบวัน ", 60)), source.Options{Size: 200})
	for _, c := range src.Chunks {
		if !strings.HasPrefix(c.Text, "ผู้เช่า") && !strings.HasPrefix(c.Text, "เงินประกัน") {
			t.Errorf("%s begins within a phrase: %.60q", c.ID, c.Text)
		}
	}
}
