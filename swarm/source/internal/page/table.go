package page

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	longestCell = 2000 // bytes; a longer cell lays out the page, or belongs to a table never closed
	widestSpan  = 100  // columns
)

// cell is a cell of a table's grid. What spans several stands in each.
type cell struct {
	text     string
	repeated bool
}

// grid is the rows of a table that is being read, and the cells that come down
// from rows above by their column.
type grid struct {
	rows [][]cell
	down map[int]below
}

type below struct {
	cell
	rows int
}

// table writes a table of data; it reports false for one that lays out the
// page, whose cells are paragraphs.
func (w *writer) table(n *html.Node) bool {
	if holds(n, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6) || !w.flat && holds(n, atom.Table) && !headed(n) {
		return false
	}
	g := grid{down: map[int]below{}}
	w.read(&g, n)
	if !w.flat && slices.ContainsFunc(g.rows, func(row []cell) bool {
		return slices.ContainsFunc(row, func(c cell) bool { return len(c.text) > longestCell })
	}) {
		return false
	}
	kept := g.columns()
	between, after := " | ", ""
	if w.flat { // a table within a cell
		between, after = ", ", ";"
	}
	w.block(2)
	for i, row := range g.rows {
		var texts []string
		for k, c := range row {
			if kept[k] {
				texts = append(texts, c.text)
			}
		}
		if i == len(g.rows)-1 {
			after = ""
		}
		w.text(join(texts, between) + after)
		w.block(1)
	}
	w.block(2)
	return true
}

// headed reports whether a table has a head of its own, not that of a table
// within it.
func headed(n *html.Node) bool {
	for c := range n.ChildNodes() {
		if c.DataAtom == atom.Th || c.DataAtom != atom.Table && headed(c) {
			return true
		}
	}
	return false
}

// read adds the rows of a table, or of a part of it.
func (w *writer) read(g *grid, n *html.Node) {
	for c := range n.ChildNodes() {
		switch {
		case !w.keep && c.Type == html.ElementNode && hidden(c) && c.DataAtom != atom.Td && c.DataAtom != atom.Th:
			w.dropped = true
		case c.DataAtom == atom.Caption:
			g.rows = append(g.rows, []cell{{text: w.line(c)}})
		case c.DataAtom == atom.Tr:
			g.rows = append(g.rows, w.cells(g, c))
		default:
			w.read(g, c)
		}
	}
	clear(g.down) // nothing spans more than a part
}

// cells gives the cells of a row, and those that come down into it.
func (w *writer) cells(g *grid, tr *html.Node) (row []cell) {
	fill := func() {
		for {
			d := g.down[len(row)]
			if d.rows == 0 || w.page.spare < 0 {
				return
			}
			g.down[len(row)] = below{d.cell, d.rows - 1}
			row = append(row, w.again(d.cell))
		}
	}
	for c := range tr.ChildNodes() {
		if c.DataAtom != atom.Td && c.DataAtom != atom.Th {
			continue
		}
		fill()
		own := cell{}
		if !w.keep && hidden(c) {
			w.dropped = true
		} else {
			own.text = w.line(c)
		}
		if own.text != "" && (struck(c) || struck(tr)) {
			own.text = "~~" + own.text + "~~"
		}
		rows, columns := span(c, "rowspan", 1<<16), span(c, "colspan", widestSpan)
		once := c.DataAtom == atom.Td && rows == 1 && figure.MatchString(own.text) && !year.MatchString(own.text)
		for k := range columns {
			if k > 0 && w.page.spare < 0 {
				break
			}
			c := own
			switch {
			case once && k < columns-1: // a number stands once, in the last of its columns
				c = w.again(cell{})
			case k > 0 && !once:
				c = w.again(own)
			}
			g.down[len(row)] = below{own, rows - 1}
			row = append(row, c)
		}
	}
	fill()
	return row
}

// again repeats a cell, as long as that does not swell the page.
func (w *writer) again(c cell) cell {
	if w.page.spare -= len(c.text) + 8; w.page.spare < 0 {
		c.text = ""
	}
	return cell{c.text, true}
}

func span(n *html.Node, key string, most int) int { return max(min(numberOf(n, key, 1), most), 1) }

var (
	figure    = regexp.MustCompile(`^[$€£¥(]*\d[\d,.]*[)%]*$`)
	year      = regexp.MustCompile(`^(?:19|20)\d\d$`)
	signFirst = regexp.MustCompile(`\| ([$€£¥(]+) \| ([\d(])`) // signs in cells of their own, as in filings
	signLast  = regexp.MustCompile(`(\d) \| ([)%]+)(?: \||$)`)
)

// join gives a row of its cells, signs with their numbers.
func join(cells []string, between string) string {
	s := strings.TrimSpace(strings.Join(cells, between))
	s = signLast.ReplaceAllString(signFirst.ReplaceAllString(s, "| | $1$2"), "$1$2 | |")
	return strings.TrimSpace(strings.ReplaceAll(s, "|  |", "| |"))
}

// columns tells which columns have text that is not repeated from elsewhere.
func (g *grid) columns() map[int]bool {
	kept := make(map[int]bool)
	for _, row := range g.rows {
		for k, c := range row {
			kept[k] = kept[k] || c.text != "" && !c.repeated
		}
	}
	return kept
}
