package source

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/swarm/source/internal/charset"
	"github.com/db31e724/go-swarm/swarm/source/internal/container"
	"github.com/db31e724/go-swarm/swarm/source/internal/page"
)

var (
	// ErrEmpty is the error for a file without a single visible character.
	ErrEmpty = errors.New("no text in it")
	// ErrNotText is the error for a file that is not text in a known encoding.
	ErrNotText = errors.New("not text")
)

const bom = "\ufeff"

// Decode makes a text from a file's bytes. Plain UTF-8 is unchanged (also a byte
// order mark, so that offsets are those of the file). Everything else is converted:
// other encodings (declared or guessed), HTML, mail, notebooks, EDGAR filings,
// subtitles, JSON escapes, lines that end in CR, and embedded base64 data;
// docs/files.md lists them. name becomes Text.Name; name and content decide the
// format. Notes say what was guessed and what was lost. The error is ErrNotText if
// the encoding is unknown, ErrEmpty if there is no text.
func Decode(name string, data []byte) (Text, error) {
	t := Text{Name: strings.ToValidUTF8(name, "\ufffd")}
	if len(data) == 0 {
		return t, fmt.Errorf("%s: the file is empty: %w", name, ErrEmpty)
	}
	if err := binaryKind(name, data); err != nil {
		return t, err
	}
	if mail, ok := container.Mail(data); ok {
		t.take(mail, Markdown)
	} else {
		body, notes, err := charset.Decode(data, charset.Declared(data))
		if err != nil {
			return t, fmt.Errorf("%s: %w: %w; convert the file to UTF-8 text first", name, err, ErrNotText)
		}
		t.Body, t.Notes = body, notes
		if body, ok := container.LineEnds(t.Body); ok {
			t.Body = body
			t.Notes = append(t.Notes, "lines that end in CR alone end in LF here")
		}
		t.unwrap()
	}
	if cut := container.Payloads(t.Body); len(cut.Notes) > 0 {
		t.take(cut, t.Format)
	}
	if strings.TrimSpace(strings.TrimPrefix(t.Body, bom)) == "" {
		return t, fmt.Errorf("%s: %w", name, ErrEmpty)
	}
	t.Converted = t.Body != string(data)
	return t, nil
}

// unwrap takes the text out of what wraps it.
func (t *Text) unwrap() {
	t.Format = formatOf(t.Name, t.Body)
	ext := extension(t.Name)
	readers := []func(string) (container.Text, bool){container.Notebook, container.Filing, container.Subtitles}
	for _, read := range readers {
		if text, ok := read(t.Body); ok && (ext == "" || formats[ext] == Plain || ext == ".json") {
			t.take(text, Markdown)
			return
		}
	}
	switch {
	case t.Format == HTML:
		body, notes := page.Text(t.Body)
		t.take(container.Text{Body: body, Notes: append(notes, "HTML converted to text: offsets point into the converted text")}, HTML)
	case strings.Contains(t.Body, `\`) && (strings.HasPrefix(ext, ".json") || ext == ".ndjson" || ext == ".geojson" || t.Format == Plain && container.IsJSON(t.Body)):
		if body := container.Unescape(t.Body); body != t.Body {
			t.take(container.Text{Body: body, Notes: []string{"escapes of JSON made characters: offsets point into the converted text"}}, t.Format)
		}
	}
}

func (t *Text) take(c container.Text, f Format) {
	t.Body, t.Format = c.Body, f
	for _, n := range c.Notes {
		if !slices.Contains(t.Notes, n) {
			t.Notes = append(t.Notes, n)
		}
	}
}

// magic holds the beginnings of common files that are not text, to say what
// they are.
var magic = []struct{ begins, kind string }{
	{"%PDF-", "a PDF document"},
	{"PK\x03\x04", "a zip archive or an office document"},
	{"\xd0\xcf\x11\xe0", "an old office document"},
	{"\x1f\x8b", "gzip data"},
	{"\x89PNG", "a PNG image"},
	{"\xff\xd8\xff", "a JPEG image"},
	{"GIF8", "a GIF image"},
	{"\x7fELF", "a program"},
	{"SQLite format 3\x00", "a database"},
}

// binaryKind is the error of data that begins as a known binary format does.
func binaryKind(name string, data []byte) error {
	for _, m := range magic {
		if bytes.HasPrefix(data, []byte(m.begins)) {
			return fmt.Errorf("%s: it is %s: %w; convert it to text first", name, m.kind, ErrNotText)
		}
	}
	return nil
}

var formats = map[string]Format{
	".md": Markdown, ".markdown": Markdown, ".mdx": Markdown, ".mkd": Markdown, ".rst": Markdown,
	".html": HTML, ".htm": HTML, ".xhtml": HTML, ".shtml": HTML,
	".csv": Table, ".tsv": Table,
	".go": Code, ".c": Code, ".h": Code, ".cc": Code, ".cpp": Code, ".hpp": Code, ".cs": Code, ".java": Code,
	".js": Code, ".jsx": Code, ".ts": Code, ".tsx": Code, ".py": Code, ".rb": Code, ".rs": Code, ".php": Code,
	".swift": Code, ".kt": Code, ".scala": Code, ".sh": Code, ".pl": Code, ".lua": Code, ".sql": Code,
	".json": Code, ".yaml": Code, ".yml": Code, ".toml": Code, ".xml": Code, ".ini": Code, ".cfg": Code,
	".conf": Code, ".css": Code, ".proto": Code, ".mod": Code, ".sum": Code,
}

// sniffed is how much of a file's beginning decides what it is.
const sniffed = 64 << 10

func extension(name string) string { return strings.ToLower(path.Ext(filepath.ToSlash(name))) }

// formatOf tells the format by the name's ending, and by the content where
// the ending says nothing.
func formatOf(name, body string) Format {
	if f, ok := formats[extension(name)]; ok {
		return f
	}
	head := strings.TrimPrefix(strings.ToValidUTF8(body[:min(len(body), sniffed)], ""), bom)
	switch {
	case looksMarkdown(head) && !begins.MatchString(head):
		return Markdown
	case looksHTML(head):
		return HTML
	}
	return Plain
}

var (
	// begins finds what only pages begin with; comments may stand before it.
	begins = regexp.MustCompile(`(?is)^\s*(?:<\?[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|meta|title|script|style|link|base|frameset)\b`)
	// later finds what begins a page after other things.
	later = regexp.MustCompile(`(?im)^\s*<(?:!doctype\s+html|html|body)\b|(?s:<html\b.*</html>)`)
	tag   = regexp.MustCompile(`(?i)</?(?:p|div|span|table|tr|td|th|ul|ol|li|h[1-6]|br|hr|a|b|i|em|strong|font|center|section|article|img|pre|dl|dt|dd|sup|sub)(?:\s[^<>]*)?/?>`)
)

// looksHTML reports whether a text is a page, or a piece of one: it begins as
// pages do, or with a tag and has one each few words.
func looksHTML(head string) bool {
	if begins.MatchString(head) || later.MatchString(head) && !strings.Contains(head, "```") {
		return true
	}
	trimmed := strings.TrimSpace(head)
	at := tag.FindStringIndex(trimmed)
	return at != nil && at[0] == 0 && len(tag.FindAllStringIndex(trimmed, -1))*100 > len(trimmed)
}

// looksMarkdown reports whether two lines are headings with # that stand
// apart, which comments in a configuration file do not.
func looksMarkdown(head string) bool {
	found, blank := 0, true
	for line := range strings.Lines(head) {
		line = strings.TrimSpace(line)
		if level, _ := atxHeading(line); level > 0 && blank {
			found++
		}
		blank = line == ""
	}
	return found >= 2
}
