package source

import (
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"

	"github.com/db31e724/go-swarm/swarm"
)

// What it costs to cut before a piece, against 100 for a chunk left empty: a
// cut before a heading is worth half a chunk's filling.
const (
	costLevel    = 3   // times the level of the heading that follows
	costPara     = 50  // a paragraph
	costLine     = 60  // an item of a list, a line that ends where it need not
	costRow      = 65  // a row or line of a table or code that fits in no chunk
	costSentence = 110 // within a paragraph
	costColon    = 115 // what a paragraph ending in a colon announces
	costWord     = 150 // within a sentence
	costKept     = 260 // a row or line of a table or code that fits in a chunk
	costHeading  = 320 // what follows a heading
)

// piece is a stretch of text that is cut no further. Its tokens count the
// white space before it too.
type piece struct {
	start, end int
	tokens     int
	cost       int // of a cut before it
}

// heading is a heading of the text in its place, or a declaration. What comes
// before the first is the section of a heading of its own, the first.
type heading struct {
	title  string // empty: the section above goes on
	rank   int
	parent int // index; -1: none
	depth  int // number of headings above it; a program's file is none
	start  int // byte offset
	path   string
}

var receiver = regexp.MustCompile(`^func \((?:\w+ )?\*?(\w+)[^)]*\) `)

// label is what the outline calls it: of a Go method, Type.Method.
func (h heading) label() string { return receiver.ReplaceAllString(h.title, "func $1.") }

// rankBefore is the rank of what comes before the first heading: nothing stands
// under it.
const rankBefore = 1 << 30

// packer fills chunks from pieces as they come. It holds the pieces of one
// chunk; when they are too many it cuts where that is cheapest.
type packer struct {
	name          string
	body          string
	size, overlap int

	headings []heading
	section  int // the innermost heading so far
	next     int // cost of a cut before the next piece, whatever its own is; 0: its own
	tables   []table

	window []piece
	tokens int // sum over window
	fresh  int // first piece of the window that is in no chunk yet
	end    int // of the last piece
	chunks []swarm.Chunk
}

// head begins a section. The caller pushes the heading's own text after it.
func (p *packer) head(rank int, title string, start int) {
	parent := p.section
	for parent >= 0 && p.headings[parent].rank >= rank {
		parent = p.headings[parent].parent
	}
	h := heading{title: title, rank: rank, parent: parent, start: start}
	if parent >= 0 {
		h.depth = p.headings[parent].depth + 1
	}
	p.section = len(p.headings)
	p.headings = append(p.headings, h)
}

// push adds the text between two offsets; white space at its ends does not
// count. What fits in no chunk is cut between words, or runes.
func (p *packer) push(start, end, cost int) {
	text := strings.TrimRightFunc(p.body[start:end], unicode.IsSpace)
	end = start + len(text)
	if text == "" {
		return
	}
	if p.next != 0 {
		cost, p.next = p.next, 0
	}
	if gap := p.body[p.end:start]; len(gap) > 16 && swarm.EstimateTokens(gap) > p.size/4 {
		p.flush() // so much white space belongs to no chunk
		p.end = start
	}
	tokens := swarm.EstimateTokens(p.body[p.end:end])
	if tokens > p.size {
		p.pushWords(start, end, cost)
		return
	}
	p.window = append(p.window, piece{start, end, tokens, cost})
	p.tokens += tokens
	p.end = end
	for p.tokens > p.size {
		p.cut()
	}
}

// pushWords pushes a long stretch in parts of a quarter of a chunk.
func (p *packer) pushWords(start, end, cost int) {
	for start < end {
		n := p.wordsLen(p.body[start:end], max(p.size/4, 4))
		p.push(start, start+n, cost)
		start += n
		cost = costWord
	}
}

// wordsLen gives the length of a beginning of s of at most limit tokens, which
// ends at white space if there is some in its second half, and else between
// letters with their signs. A letter of more than limit is cut between runes.
func (p *packer) wordsLen(s string, limit int) int {
	most := sort.Search(min(len(s), 16*limit), func(n int) bool { return swarm.EstimateTokens(s[:n+1]) > limit })
	n, space := 0, 0
	for g := graphemes.FromString(s); g.Next() && g.Start() <= most; {
		if r, _ := utf8.DecodeRuneInString(g.Value()); !unicode.Is(unicode.M, r) { // some of Burmese go with the letter before too
			n = g.Start()
		}
		if g.End() == len(s) && most == len(s) {
			return len(s)
		}
		switch g.Value() {
		case "\n", "\r\n", " ", "\t", "\u200b", "\u3000":
			space = g.End()
		}
	}
	if space > n/2 && space <= most {
		return space
	}
	if n == 0 {
		_, first := utf8.DecodeRuneInString(s)
		n = max(first, len(strings.ToValidUTF8(s[:most], "")))
	}
	return n
}

// cut makes a chunk of the window's beginning. Where only the last piece is
// fresh, it drops what would be repeated instead.
func (p *packer) cut() {
	last := len(p.window) - 1
	if p.fresh == last {
		p.tokens -= p.window[0].tokens
		p.window = p.window[1:]
		p.fresh--
		return
	}
	best, bestCost, filled := last, 0, 0
	for k, w := range p.window {
		if k > p.fresh {
			cost := w.cost + 100 - 100*filled/p.size
			if k == p.fresh+1 || cost <= bestCost {
				best, bestCost = k, cost
			}
		}
		filled += w.tokens
	}
	p.emit(best)
	from, repeated := best, 0
	for from > 1 && repeated+p.window[from-1].tokens <= p.overlap {
		from--
		repeated += p.window[from].tokens
	}
	p.fresh = best - from
	for _, w := range p.window[:from] {
		p.tokens -= w.tokens
	}
	p.window = append(p.window[:0], p.window[from:]...)
}

// flush makes a chunk of what is left.
func (p *packer) flush() {
	if p.fresh < len(p.window) {
		p.emit(len(p.window))
	}
	p.window, p.tokens, p.fresh = p.window[:0], 0, 0
}

// emit makes a chunk of the first n pieces of the window.
func (p *packer) emit(n int) {
	start, end := p.window[0].start, p.window[n-1].end
	p.chunks = append(p.chunks, swarm.Chunk{
		Source: p.name,
		ID:     p.name + "#" + strconv.Itoa(len(p.chunks)+1),
		Text:   p.body[start:end],
		Start:  start,
		End:    end,
	})
}
