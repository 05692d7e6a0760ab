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

// outlineOf is the outline in a prompt: what is called so, with the labels of
// its fences; where nothing is, what is fenced or long.
func outlineOf(r Request, p prompt) string {
	if strings.TrimSpace(p.outline) == "" {
		if strings.TrimSpace(p.text) != "" {
			return p.path + "\n" + p.text
		}
		return p.path
	}
	_ = r
	return p.outline
}

var (
	// sourceLine finds a line that names a source.
	sourceLine = regexp.MustCompile(`(?i)^\s*(?:[-*#•]+\s*|\d+[.)]\s*|\[[^\]]*\]\s*)*(?:source|document|file|doc|来源|文件|文档|quelle|datei|dokument|fuente|fichier)\s*(?:\d+|#\d+)?\s*[:：=]\s*(.+)$`)
	// attrName finds a source's name among a tag's attributes.
	attrName = regexp.MustCompile(`(?i)(?:name|source|label|file|title|id)="([^"]+)"`)
	// fileName finds a name that looks like a file's.
	fileName = regexp.MustCompile(`[^\s"'“”<>|,;()\[\]]+\.[A-Za-z][A-Za-z0-9]{0,5}\b`)
	sizeNote = regexp.MustCompile(`(?i)\s*[(\[–—-]?\s*~?[\d.,]+\s*(?:chunks?|tokens?|bytes?|kb|mb|pages?|sections?|headings?|块|字).*$`)
)

// readOutline finds sources and headings in an outline.
func readOutline(s string) (sources []outlined, headings []string) {
	names := func(n string) bool {
		return slices.ContainsFunc(sources, func(o outlined) bool { return o.name == n })
	}
	add := func(n string) {
		if n != "" && !names(n) {
			sources = append(sources, outlined{name: n})
		}
	}
	for l := range strings.Lines(s) {
		t := strings.TrimSpace(l)
		if t == "" || strings.HasPrefix(t, "</") || strings.Trim(t, "-=*~`#\"'") == "" {
			continue
		}
		if n, ok := sourceName(t, l); ok {
			add(n)
			continue
		}
		h := strings.TrimSpace(strings.TrimLeft(t, "-*#•·>│├└─ \t"))
		if h == "" {
			continue
		}
		headings = append(headings, h)
		if k := len(sources); k > 0 {
			sources[k-1].text += "\n" + h
		}
	}
	return sources, headings
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
