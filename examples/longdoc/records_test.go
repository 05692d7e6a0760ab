package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// record is one of many that say the same of different things.
type record struct{ name, fact, question string }

// lookAlikes writes at least so many bytes of records that only their names
// tell apart. Names share their words with hundreds of others, so that only
// the whole of a name is of use.
func lookAlikes(bytes int, shape func(b *strings.Builder, name string, rng *rand.Rand) (fact, question string)) (string, []record) {
	rng := rand.New(rand.NewPCG(7, 11))
	given := strings.Fields("Amina Bertil Chiara Dmitri Elena Farid Greta Hiroshi Ines Jonas Katya Lionel Mirela Nadir Oskar Paloma Quentin Rosa Sanjay Tomasz Ulrike Viktor Wanda Xavier Yusuf Zelda")
	middle := strings.Fields("Abel Brook Castor Delia Ember Flint Gale Hazel Iris Juno Keel Lark Moss Nero Opal Pike Quill Reed Sage Thorn")
	family := strings.Fields("Albrecht Bianchi Castellanos Dubois Eriksen Fontaine Grigoryan Hashimoto Ivanova Jankowski Kowalczyk Lindgren Marchetti Nakamura Okonkwo Petrosyan Quiroga Rasmussen Sorensen Takahashi")
	seen := map[string]bool{}
	var b strings.Builder
	var all []record
	for b.Len() < bytes {
		name := given[rng.IntN(len(given))] + " " + middle[rng.IntN(len(middle))] + " " + family[rng.IntN(len(family))]
		if seen[name] {
			continue
		}
		seen[name] = true
		fact, question := shape(&b, name, rng)
		all = append(all, record{name, fact, question})
	}
	return b.String(), all
}

func TestTellsLookAlikeRecordsApart(t *testing.T) {
	t.Parallel()
	if testing.Short() || underRace {
		t.Skip("reads 128 KB thirty times")
	}
	digits := func(rng *rand.Rand) string { return fmt.Sprintf("%d", 100000+rng.IntN(900000)) }
	for _, c := range []struct {
		shape, file string
		write       func(b *strings.Builder, name string, rng *rand.Rand) (fact, question string)
	}{
		{"lines", "members.txt", func(b *strings.Builder, name string, rng *rand.Rand) (string, string) {
			card := digits(rng)
			fmt.Fprintf(b, "Member %s, joined in %d, branch %d, holds library card %s and may borrow %d books, %d films and %d maps at a time.\n", name, 1980+rng.IntN(45), rng.IntN(40), card, 2+rng.IntN(30), rng.IntN(9), rng.IntN(5))
			return "library card " + card, "Which library card does " + name + " hold?"
		}},
		{"paragraphs", "patients.txt", func(b *strings.Builder, name string, rng *rand.Rand) (string, string) {
			bed := digits(rng)
			fmt.Fprintf(b, "%s was admitted to the clinic on the %dth of March with a fever. The doctor on duty prescribed rest, tea and %d drops of the usual mixture. Because the ward was full, a bed was made ready elsewhere. The file of %s is kept under number %s.\n\n", name, 4+rng.IntN(16), 5+rng.IntN(40), name, bed)
			return "under number " + bed, "Under what number is the file of " + name + " kept?"
		}},
		{"headings", "shops.md", func(b *strings.Builder, name string, rng *rand.Rand) (string, string) {
			permit := digits(rng)
			fmt.Fprintf(b, "## %s\n\nSells bread, cheese and wine at the market on %d days a week, with %d helpers.\n\nThe yearly rent is %d crowns. The permit has the number %s.\n\n", name, 1+rng.IntN(6), rng.IntN(7), 900+rng.IntN(4000), permit)
			return "permit has the number " + permit, "What is the number of the permit of " + name + "?"
		}},
	} {
		t.Run(c.shape, func(t *testing.T) {
			text, records := lookAlikes(1<<17, c.write)
			path := file(t, c.file, text)
			right := 0
			for i := range 10 {
				r := records[(2*i+1)*len(records)/20]
				got := ask(t, "-q", r.question, "-file", path)
				if len(got.Citations) > 0 && got.Citations[0].Verified && holds(got.Citations[0].Quote, r.fact) {
					right++
					continue
				}
				t.Logf("missed: %s\nwant: %s\nanswer: %.500s", r.question, r.fact, got.Answer)
			}
			t.Logf("%d of 10 right in %d records", right, len(records))
			if right < 8 {
				t.Errorf("%d of 10 questions cite the right one of %d records first", right, len(records))
			}
		})
	}
}
