package mock

import "strings"

// acronymHits calls f for each run of words in s whose initials are an
// acronym of the question: "chief financial officer" for CFO.
func (q *query) acronymHits(s string, f func(term, at int)) {
	for t, x := range q.terms {
		if n := len(x.stem); n < 3 || n > 5 || !strings.Contains(q.text, strings.ToUpper(x.stem)) || isDigit(x.stem[0]) {
			continue
		}
		var initials [8]byte
		var starts [8]int
		k := 0
		eachWord(s, func(st []byte, start, _ int) {
			copy(initials[:], initials[1:])
			copy(starts[:], starts[1:])
			initials[7], starts[7] = st[0], start
			k++
			if n := len(x.stem); k >= n && string(initials[8-n:]) == x.stem && start-starts[8-n] < 60 {
				f(t, starts[8-n])
			}
		})
	}
}
