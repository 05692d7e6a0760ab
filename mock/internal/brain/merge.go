package brain

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	finding = regexp.MustCompile(`(?ms)^[ \t]*\[(\d{1,6})\] *[^\n]*?: "(.*?)"$`)
	trusted = regexp.MustCompile(`\b(?:0\.\d+|1\.0+)\b`)
)

// readNumbered reads findings: a quote behind each number, [1] source: "quote",
// and before it what of a confidence was told. Of several in a row each counts
// less than the one before.
func readNumbered(s string) []statement {
	var out []statement
	trust, done := 1.0, 0
	for _, m := range finding.FindAllStringSubmatchIndex(s, -1) {
		trust *= 0.9
		if told := trusted.FindString(s[done:m[0]]); told != "" {
			trust, _ = strconv.ParseFloat(told, 64) // it matches
		}
		n, _ := strconv.Atoi(s[m[2]:m[3]]) // digits alone
		text := strings.Join(strings.Fields(s[m[4]:m[5]]), " ")
		out = append(out, statement{text: text, quote: text, refs: []int{n}, trust: trust})
		done = m[1]
	}
	return out
}

// merge takes of the findings those that hold most of the question, as they
// are: at most so many, and no more bytes than room, where that is given.
func merge(asked string, all []statement, most, room int) []statement {
	q := newQuery(asked)
	for i := range all {
		all[i].bag = q.bag(all[i].text)
	}
	q.rank(all, true)
	for i, s := range all {
		all[i].score, all[i].share = (s.score+0.1)*s.trust, s.trust
	}
	out, used := []statement(nil), 0
	for _, s := range best(all) {
		if k := slices.IndexFunc(out, func(o statement) bool { return o.text == s.text }); k >= 0 {
			if len(out[k].refs) < 4 {
				out[k].refs = append(out[k].refs, s.refs...)
			}
			continue
		}
		if used += len(s.text) + 8; len(out) == most || len(out) > 0 && room > 0 && used > room {
			break
		}
		out = append(out, s)
	}
	return out
}
