package brain

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	share = regexp.MustCompile(`\b(?:0\.\d+|1\.0+)\b`)
	mark  = regexp.MustCompile(` \[\d[\d, -]*\]`)
)

// readNumbered reads findings: quotes behind their numbers, [1] source:
// "quote", each below the statement, if any, that rests on it. A statement's
// lines are indented like the numbers; others are headings.
func readNumbered(s string) []statement {
	var out []statement
	var said []string
	open := false // a quotation runs on
	trust := 1.0
	for line := range strings.Lines(s) {
		m := number.FindStringSubmatch(line)
		trimmed := strings.TrimSpace(line)
		switch {
		case open:
			last := &out[len(out)-1]
			last.quote += " " + trimmed
			open = !strings.HasSuffix(trimmed, `"`)
		case m != nil:
			n, _ := strconv.Atoi(m[1]) // digits alone
			quote := strings.TrimSpace(trimmed[strings.Index(trimmed, "]")+1:])
			if _, after, ok := strings.Cut(quote, `: "`); ok {
				quote, open = after, !strings.HasSuffix(after, `"`)
			}
			text := strings.Join(said, " ")
			if mark.MatchString(text) { // made of several, each of which follows
				text = ""
			}
			out = append(out, statement{text: text, quote: quote, refs: []int{n}, share: trust})
			said, trust = nil, trust*0.9
		case line == strings.TrimLeft(line, " \t"): // a heading, which may hold a confidence
			said, trust = nil, 1
			if c := share.FindString(line); c != "" {
				trust, _ = strconv.ParseFloat(c, 64) // it matches
			}
		default:
			said = append(said, trimmed)
		}
	}
	for i := range out {
		out[i].quote = strings.TrimSuffix(out[i].quote, `"`)
		if out[i].text == "" {
			out[i].text = out[i].quote
		}
	}
	return out
}

// merge takes of the findings those that hold most of the question, as they
// are: at most so many, and no more bytes than room, where that is given.
func merge(asked string, all []statement, most, room int) []statement {
	q := newQuery(asked)
	bags := make([]bag, len(all))
	for i, s := range all {
		bags[i] = q.bag(s.text + "\n" + s.quote)
	}
	scores := q.rank(bags, true)
	order := make([]int, len(all))
	for i, s := range all {
		order[i] = i
		scores[i].score = (scores[i].score + 0.1) * s.share
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b].score, scores[a].score) })
	var out []statement
	used := 0
	for _, i := range order {
		s := all[i]
		if k := slices.IndexFunc(out, func(o statement) bool { return o.text == s.text }); k >= 0 {
			if len(out[k].refs) < 4 {
				out[k].refs = append(out[k].refs, s.refs...)
			}
			continue
		}
		used += len(s.text) + 8
		if len(out) == most || len(out) > 0 && (2*scores[i].score < scores[order[0]].score || room > 0 && used > room) {
			break
		}
		s.refs = slices.Clone(s.refs)
		out = append(out, s)
	}
	return out
}
