package source

import (
	"slices"
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
	all := p.places()
	line, counted := 1, 0
	for i := range p.chunks {
		c := &p.chunks[i]
		line += strings.Count(p.body[counted:c.Start], "\n")
		counted, c.Line = c.Start, line
		k := sort.Search(len(all), func(k int) bool { return all[k].at > c.Start }) - 1
		first := all[k].section
		last := first
		for ; k < len(all) && all[k].at < c.End; k++ {
			last = all[k].section
			put(c, max(all[k].at-c.Start, 0), p.path(last), all[k].head)
		}
		if c.Path = p.span(first, last); len(c.Places) == 1 && c.Places[0] == (swarm.Place{}) {
			c.Places = nil
		}
	}
}

// here is what holds from an offset on: the innermost heading, and the head of
// the table whose rows stand there.
type here struct {
	at, section int
	head        string
}

// places lists where the text comes under another heading or table's head.
func (p *packer) places() []here {
	var all []here
	for k := range p.headings {
		all = append(all, here{at: p.headings[k].start, section: k})
	}
	all[0].at = 0
	for _, t := range p.tables {
		if t.head != "" {
			all = append(all, here{t.rows, -1, t.head}, here{t.end, -1, ""})
		}
	}
	slices.SortStableFunc(all, func(a, b here) int { return a.at - b.at })
	for k := 1; k < len(all); k++ {
		if h := &all[k]; h.section < 0 {
			h.section = all[k-1].section
		} else {
			h.head = all[k-1].head
		}
	}
	return all
}

// put adds a place to a chunk, unless it says what the one before it does.
func put(c *swarm.Chunk, at int, path, head string) {
	last := len(c.Places) - 1
	switch place := (swarm.Place{At: at, Path: path, Head: head}); {
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
