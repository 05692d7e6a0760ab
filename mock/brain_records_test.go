package mock

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// records makes n look-alikes in a shape, and the names and codes in them.
func records(shape string, n int) (text string, names, codes []string) {
	first := []string{"Marlow", "Kestrel", "Brandt", "Okafor", "Lindqvist", "Tanaka", "Moreau", "Silva", "Novak", "Haddad", "Petrov", "Iyer", "Quist", "Varga", "Doyle", "Ferro"}
	second := []string{"North", "Harbor", "Ridge", "Valley", "Station", "Creek", "Meadow", "Point", "Bridge", "Grove", "Falls", "Heights", "Cross", "Landing", "Hollow", "Bay"}
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for i := range n {
		name := fmt.Sprintf("%s %s %d", first[r.IntN(len(first))], second[r.IntN(len(second))], i+100)
		code := fmt.Sprintf("%c%c-%04d", 'A'+rune(r.IntN(26)), 'A'+rune(r.IntN(26)), r.IntN(10000))
		names, codes = append(names, name), append(codes, code)
		year, staff := 1900+r.IntN(120), 3+r.IntN(90)
		switch shape {
		case "lines":
			fmt.Fprintf(&b, "Depot %s was opened in %d, employs %d people and has the access code %s.\n", name, year, staff, code)
		case "paragraphs":
			fmt.Fprintf(&b, "The depot at %s is one of the older ones of the company. It was opened in %d and employs %d people. Deliveries are taken on weekdays only. The access code of its gate is %s.\n\n", name, year, staff, code)
		case "headings":
			fmt.Fprintf(&b, "## Depot %s\n\nOpened in %d. Employs %d people.\n\nAccess code: %s\n\n", name, year, staff, code)
		}
	}
	return b.String(), names, codes
}

func TestBrainsTellLookAlikeRecordsApart(t *testing.T) {
	size := 9000
	if testing.Short() {
		size = 2000
	}
	for _, shape := range []string{"lines", "paragraphs", "headings"} {
		text, names, codes := records(shape, size)
		pieces := cutText(text, 2400)
		if shape == "lines" {
			pieces = nil
			for len(text) > 0 {
				n := min(len(text), 2400)
				if k := strings.LastIndexByte(text[:n], '\n'); k > 0 {
					n = k + 1
				}
				pieces = append(pieces, piece{"", text[:n]})
				text = text[n:]
			}
		}
		good, answered, bytes := 0, 0, 0
		for _, p := range pieces {
			bytes += len(p.text)
		}
		for k := range 10 {
			i := k*len(names)/10 + 7
			ask := "What is the access code of the depot " + names[i] + "?"
			if k%2 == 1 {
				ask = "Which code opens the gate at " + names[i] + "?"
			}
			reads := readAll(t, ask, "depots.txt", pieces)
			answered += len(reads)
			answer, quotes := mergeAll(t, ask, reads)
			if hit(quotes, 1, codes[i]) {
				good++
			} else {
				t.Logf("%s: %q (%s) got %.200q", shape, ask, codes[i], answer)
			}
		}
		t.Logf("%s: %d of 10 in %d bytes, %.1f %% of %d chunks answered", shape, good, bytes, float64(answered)*10/float64(len(pieces)), len(pieces))
		if good < 9 {
			t.Errorf("%s: %d of 10 right", shape, good)
		}
	}
}
