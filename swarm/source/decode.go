package source

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

var (
	// ErrEmpty is the error of a file without a single visible character.
	ErrEmpty = errors.New("no text in it")
	// ErrNotText is the error of a file that is not text in a known encoding.
	ErrNotText = errors.New("not text")
)

const bom = "\ufeff"

// Decode makes a text of a file's bytes: UTF-8 as it is (a byte order mark
// stays, so that offsets are those of the file), UTF-16 and HTML converted.
// The name is kept as the text's name; name and content decide the format.
// Bytes that are not UTF-8 are replaced, and the notes say how many, as long
// as they are few (one in ten at most); past that, and for NUL bytes, the
// error is ErrNotText. A file without text is ErrEmpty.
func Decode(name string, data []byte) (Text, error) {
	t := Text{Name: strings.ToValidUTF8(name, "\ufffd")}
	if len(data) == 0 {
		return t, fmt.Errorf("%s: the file is empty: %w", name, ErrEmpty)
	}
	if err := binaryKind(name, data); err != nil {
		return t, err
	}
	t.Format = formatOf(name, data)
	switch {
	case isUTF16(data):
		body, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
		if err != nil {
			return t, fmt.Errorf("%s: decode UTF-16: %w", name, err)
		}
		t.Body, t.Converted = string(body), true
		t.note("UTF-16 converted to UTF-8: offsets point into the converted text")
		if bad := strings.Count(t.Body, "\ufffd"); bad > 0 {
			t.note("%d broken UTF-16 characters replaced by U+FFFD", bad)
		}
		t.Format = formatOf(name, body[:min(len(body), sniffed)])
	case t.Format == HTML && declared(data) != nil:
		body, err := declared(data).NewDecoder().Bytes(data)
		if err != nil {
			return t, fmt.Errorf("%s: decode the character set that the page declares: %w", name, err)
		}
		t.Body = strings.ToValidUTF8(string(body), "\ufffd")
		t.note("converted from the character set that the page declares")
	default:
		t.Body = string(data)
	}
	if err := t.repair(); err != nil {
		return t, err
	}
	if t.Format == HTML {
		t.Body, t.Converted = htmlText(t.Body), true
		t.note("HTML converted to text: offsets point into the converted text")
	}
	if strings.TrimSpace(strings.TrimPrefix(t.Body, bom)) == "" {
		return t, fmt.Errorf("%s: %w", name, ErrEmpty)
	}
	return t, nil
}

func (t *Text) note(format string, args ...any) {
	t.Notes = append(t.Notes, fmt.Sprintf(format, args...))
}

// repair replaces what is not UTF-8, or refuses a body that is not text.
func (t *Text) repair() error {
	if i := strings.IndexByte(t.Body, 0); i >= 0 {
		return fmt.Errorf("%s: a NUL byte at offset %d: %w", t.Name, i, ErrNotText)
	}
	control := 0
	for _, c := range []byte(t.Body) {
		if c < ' ' && (c < '\t' || c > '\r') && c != 0x1b {
			control++
		}
	}
	if control > len(t.Body)/20 {
		return fmt.Errorf("%s: %d of %d bytes are control characters: %w", t.Name, control, len(t.Body), ErrNotText)
	}
	if utf8.ValidString(t.Body) {
		return nil
	}
	body := string([]rune(t.Body)) // an invalid byte becomes U+FFFD
	bad := strings.Count(body, "\ufffd") - strings.Count(t.Body, "\ufffd")
	if bad > len(t.Body)/10 {
		return fmt.Errorf("%s: %d of %d bytes are not UTF-8: %w; convert the file to UTF-8 first", t.Name, bad, len(t.Body), ErrNotText)
	}
	t.Body, t.Converted = body, true
	t.note("%d invalid bytes replaced by U+FFFD: offsets point into the repaired text", bad)
	return nil
}

// isUTF16 tells UTF-16 by its byte order mark. What begins as UTF-32 does has
// NULs, for which it is refused.
func isUTF16(data []byte) bool {
	little := bytes.HasPrefix(data, []byte("\xff\xfe")) && !bytes.HasPrefix(data, []byte("\xff\xfe\x00\x00"))
	return little || bytes.HasPrefix(data, []byte("\xfe\xff"))
}

var metaCharset = regexp.MustCompile(`(?i)<meta[^>]{0,200}charset\s*=\s*["']?\s*([a-z0-9_:.-]+)`)

// declared gives the encoding that a page names in its first 2 KB, or nil
// where it names none that is known, or where the page is UTF-8 whatever it
// says: text of another encoding is hardly ever valid UTF-8 by chance.
func declared(data []byte) encoding.Encoding {
	if utf8.Valid(data) && bytes.ContainsFunc(data, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return nil
	}
	m := metaCharset.FindSubmatch(data[:min(len(data), 2048)])
	if m == nil {
		return nil
	}
	e, err := htmlindex.Get(string(m[1]))
	if err != nil || e == unicode.UTF8 || e == encoding.Replacement {
		return nil
	}
	if name, _ := htmlindex.Name(e); name == "utf-16le" || name == "utf-16be" {
		return nil // a page whose declaration can be read is not UTF-16
	}
	return e
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

// formatOf tells the format by the name's ending, and by the content where
// the ending says nothing.
func formatOf(name string, data []byte) Format {
	if f, ok := formats[strings.ToLower(path.Ext(filepath.ToSlash(name)))]; ok {
		return f
	}
	head := strings.TrimPrefix(string(data[:min(len(data), sniffed)]), bom)
	switch {
	case looksHTML(head):
		return HTML
	case looksMarkdown(head):
		return Markdown
	}
	return Plain
}

// looksHTML reports whether a file begins as a page does.
func looksHTML(head string) bool {
	head = strings.ToLower(strings.TrimSpace(head[:min(len(head), 1024)]))
	return strings.HasPrefix(head, "<!doctype html") || strings.HasPrefix(head, "<html")
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
