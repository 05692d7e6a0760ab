package source

import (
	"sort"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

const separator = " › "

// place tells each chunk its line, its path, and where its parts stand.
func (p *packer) place() {
	if root := &p.headings[0]; len(p.headings) > 1 && root.title == "" {
		root.title = `(before "` + p.headings[1].title + `")`
	}
	line, counted, t := 1, 0, 0
	for i := range p.chunks {
		c := &p.chunks[i]
		line += strings.Count(p.body[counted:c.Start], "\n")
		counted, c.Line = c.Start, line
		for t < len(p.tables) && p.tables[t].end <= c.Start {
			t++
		}
		head, headEnd := "", c.End
		if t < len(p.tables) && p.tables[t].start < c.Start {
			head, headEnd = p.tables[t].head, p.tables[t].end
		}
		first := sort.Search(len(p.headings), func(k int) bool { return p.headings[k].start > c.Start }) - 1
		last := first
		for next := p.headings[first].start; next < c.End; last++ {
			put(c, max(next-c.Start, 0), p.path(last), head)
			if next = len(p.body); last+1 < len(p.headings) {
				next = p.headings[last+1].start
			}
			if head != "" && headEnd <= next { // the table ends in this section
				head = ""
				put(c, headEnd-c.Start, p.path(last), head)
			}
		}
		if c.Path = p.span(first, last-1); len(c.Places) == 1 && c.Places[0] == (swarm.Place{}) {
			c.Places = nil
		}
	}
}

// put adds a place to a chunk, unless it says what the one before it does.
func put(c *swarm.Chunk, at int, path, head string) {
	last := len(c.Places) - 1
	switch place := (swarm.Place{At: at, Path: path, Head: head}); {
	case at >= len(c.Text):
	case last >= 0 && c.Places[last].At == at:
		c.Places[last] = place
	case last < 0 || c.Places[last].Path != path || c.Places[last].Head != head:
		c.Places = append(c.Places, place)
	}
}

// span names the sections from first to last in a line.
func (p *packer) span(first, last int) string {
	top := p.path(first) // what they have in common
	paths := []string{top}
	for k := first + 1; k <= last; k++ {
		path := p.path(k)
		for top != "" && !within(path, top) {
			top = top[:max(strings.LastIndex(top, separator), 0)]
		}
		if end := &paths[len(paths)-1]; within(path, *end) {
			*end = path // which names the one above
		} else {
			paths = append(paths, path)
		}
	}
	var parts []string
	for _, path := range paths {
		if part := strings.TrimPrefix(strings.TrimPrefix(path, top), separator); part != "" {
			parts = append(parts, part)
		}
	}
	if n := len(parts); n > 3 {
		parts = []string{parts[0], "…", parts[n-1]}
	}
	text := strings.Join(parts, "; ")
	if top == "" || text == "" {
		return top + text
	}
	return top + separator + "(" + text + ")"
}

// within reports whether a path is another one or stands under it.
func within(path, top string) bool { return strings.HasPrefix(path+separator, top+separator) }

// path joins a heading's title to those above it.
func (p *packer) path(section int) string {
	if section < 0 {
		return ""
	}
	h := &p.headings[section]
	if h.path == "" {
		h.path = p.path(h.parent)
		if h.path != "" && h.title != "" {
			h.path += separator
		}
		h.path += h.title
	}
	return h.path
}
