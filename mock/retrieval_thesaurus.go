package mock

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// thesaurus.txt has words that may stand for one another, a group a line:
// forms that no ending tells, and words of like meaning in everyday prose.
//
//go:embed thesaurus.txt
var thesaurusText string

// synonyms maps the stem of a word to the stems of its groups' others. A
// match through it counts less than the word itself.
var synonyms = sync.OnceValue(func() map[string][]string {
	m := make(map[string][]string)
	for line := range strings.Lines(thesaurusText) {
		var stems []string
		for w := range strings.FieldsSeq(line) {
			if !stopWords[w] {
				eachWord(w, func(st []byte, _, _ int) { stems = append(stems, string(st)) })
			}
		}
		for i, a := range stems {
			for j, b := range stems {
				if i != j && a != b && !slices.Contains(m[a], b) {
					m[a] = append(m[a], b)
				}
			}
		}
	}
	return m
})
