package mock

import (
	"regexp"
	"slices"
	"strings"
)

// outlined is a source as an outline shows it.
type outlined struct {
	name string
	text string // its headings or opening words
}

var (
	// sourceLine finds a line that names a source.
	sourceLine = regexp.MustCompile(`(?i)^\s*(?:[-*#•]+\s*|\d+[.)]\s*|\[[^\]]*\]\s*)*(?:source|document|file|doc|来源|文件|文档|quelle|datei|dokument|fuente|fichier)\s*(?:\d+|#\d+)?\s*[:：=]\s*(.+)$`)
	// attrName finds a source's name among a tag's attributes.
	attrName = regexp.MustCompile(`(?i)(?:name|source|label|file|title|id)="([^"]+)"`)
	// fileName finds a name that looks like a file's.
	placeNote   = regexp.MustCompile(`\s*[\[(](?:#|p\.|pp\.|chunks?|lines?)?\s*[#\d–, -]+[\])]$`)
	labelQuoted = regexp.MustCompile(`['"` + "`" + `“]([^'"` + "`" + `”]+)['"` + "`" + `”]`)
	fileName    = regexp.MustCompile(`[^\s"'“”<>|,;()\[\]]+\.[A-Za-z][A-Za-z0-9]{0,5}\b`)
	sizeNote    = regexp.MustCompile(`(?i)\s*[(\[–—-]?\s*~?[\d.,]+\s*(?:chunks?|tokens?|bytes?|kb|mb|pages?|sections?|headings?|块|字).*$`)
)

// readOutline finds the sources and headings that a prompt shows: in what is
// called an outline, with the labels of its fences; where nothing is, in what
// is fenced or long.
func readOutline(p prompt) (sources []outlined, headings []string) {
	parts := p.outline
	if len(parts) == 0 && strings.TrimSpace(p.text) != "" {
		parts = []part{{label: p.path, text: p.text}}
	}
	var o outline
	for _, x := range parts {
		if x.fenced {
			o.add(labelName(x.label))
		}
		for l := range strings.Lines(x.text) {
			o.line(l)
		}
	}
	return o.sources, o.headings
}

type outline struct {
	sources  []outlined
	headings []string
}

func (o *outline) add(name string) {
	if name != "" && !slices.ContainsFunc(o.sources, func(s outlined) bool { return s.name == name }) {
		o.sources = append(o.sources, outlined{name: name})
	}
}

const longHeading = 120 // bytes; a longer line shows some of the text

// opens says that a line of an outline shows the opening words of a text.
func opens(l string) bool { return strings.Contains(l, " opens: ") }

func (o *outline) line(l string) {
	t := strings.TrimSpace(l)
	if t == "" || strings.HasPrefix(t, "</") || strings.Trim(t, "-=*~`#\"'") == "" {
		return
	}
	if n, ok := sourceName(t, l); ok {
		o.add(n)
		return
	}
	h := strings.TrimSpace(placeNote.ReplaceAllString(strings.TrimLeft(t, "-*#•·>│├└─ \t"), ""))
	if h == "" {
		return
	}
	if len(h) <= longHeading && !opens(h) {
		o.headings = append(o.headings, h)
	}
	if k := len(o.sources); k > 0 {
		o.sources[k-1].text += "\n" + h
	}
}

// labelName reads a source's name off a fence's label, such as "name 'a.txt',
// 12 chunks" or "source b.md".
func labelName(label string) string {
	if m := labelQuoted.FindStringSubmatch(label); m != nil {
		return m[1]
	}
	if f := fileName.FindString(label); f != "" {
		return trimName(f)
	}
	if kindOf(label) == partOutline || kindOf(label) == partText {
		return ""
	}
	return trimName(label)
}

// sourceName reads the name of a source off a line.
func sourceName(t, l string) (string, bool) {
	if m := sourceLine.FindStringSubmatch(t); m != nil {
		return trimName(m[1]), true
	}
	if t[0] == '<' {
		if m := attrName.FindStringSubmatch(t); m != nil {
			return m[1], true
		}
		return "", false
	}
	bulleted := strings.TrimLeft(t, "-*#•[ \t0123456789.)")
	f := fileName.FindString(bulleted)
	if f == "" || len(f) > 200 {
		return "", false
	}
	// A file's name at the start of its line names a source; deeper in a
	// sentence it is spoken of.
	i := strings.Index(bulleted, f)
	if i > 2 || l[0] == ' ' && len(l)-len(strings.TrimLeft(l, " ")) > 3 {
		return "", false
	}
	rest := strings.TrimSpace(bulleted[i+len(f):])
	if rest == "" || strings.ContainsAny(rest[:1], ":,(—–-|]\"'`…") || strings.HasPrefix(rest, "：") || sizeNote.MatchString(rest) {
		return trimName(f), true
	}
	return "", false
}

func trimName(n string) string {
	if m := quotedName(n); m != "" {
		return m
	}
	n = sizeNote.ReplaceAllString(n, "")
	if i := strings.IndexAny(n, "|;,"); i > 0 {
		n = n[:i]
	}
	return strings.Trim(n, " \t\"'`*:：,;()[]")
}

// quotedName is what stands in quotes or backquotes at a line's start.
func quotedName(n string) string {
	n = strings.TrimSpace(n)
	if n == "" || strings.IndexByte("\"'`", n[0]) < 0 {
		return ""
	}
	if j := strings.IndexByte(n[1:], n[0]); j > 0 {
		return n[1 : 1+j]
	}
	return ""
}
