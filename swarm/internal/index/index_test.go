package index

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/db31e724/go-swarm/internal/words"
)

func of(texts ...string) *Index {
	return New(len(texts), func(i int) string { return texts[i] })
}

func TestSearchRanksTheBestFirst(t *testing.T) {
	for _, c := range []struct {
		name, query string
		texts       []string
		want        []int
	}{
		{"a rare word counts more", "pump failure", []string{"pump pump pump", "failure", "pump", "pump x", "pump y"}, []int{1, 0, 2, 3, 4}},
		{"more words of the query count more", "red pump", []string{"pump", "red", "red pump", "x"}, []int{2, 0, 1}},
		{"a short text counts more", "pump", []string{"pump and many other words", "pump"}, []int{1, 0}},
		{"equal ones stay in order", "pump", []string{"a pump", "b pump", "c pump"}, []int{0, 1, 2}},
		{"only what shares a term", "pump", []string{"pumps", "x", "PUMP"}, []int{2}},
		{"a word twice asks once", "pump pump red", []string{"pump", "red"}, []int{0, 1}},
		{"without accents", "cafe resume", []string{"Café", "cafe\u0301", "tea", "RÉSUMÉ"}, []int{3, 0, 1}},
		{"with accents", "Übergröße", []string{"Übergrösse", "ubergroße"}, []int{1}},
		{"Cyrillic and Greek", "привет ΛΌΓΟΣ", []string{"ПРИВЕТ", "λόγοσ", "x"}, []int{0, 1}},
		{"figures", "1234.5", []string{"1,234.5", "1234", "12345", "1,23"}, []int{0, 1}},
		{"a list of figures", "2", []string{"1,2,3", "123", "1, 2"}, []int{2, 0}},
		{"Chinese", "北京大学", []string{"我在北京", "北京大学很大", "大北京", "学大"}, []int{1, 2, 0}},
		{"one character", "水", []string{"火", "水道", "下水", "水"}, []int{1, 2, 3}},
		{"Japanese and Korean", "サーバー 한국", []string{"サーバーの設定", "한국어", "サラダ"}, []int{0, 1}},
		{"Thai", "น้ำ", []string{"ดื่มน้ำ", "ข้าว"}, []int{0}},
		{"full width", "abc", []string{"ＡＢＣ"}, []int{0}},
		{"beside Latin", "GPU", []string{"用GPU训练"}, []int{0}},
		{"no query", "", []string{"pump", ""}, nil},
		{"no word in it", " -- ? ", []string{"--", "pump"}, nil},
		{"no texts", "pump", nil, nil},
	} {
		if got := of(c.texts...).Search(c.query, 10); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q in %q: got %v, want %v", c.name, c.query, c.texts, got, c.want)
		}
	}
}

func TestSearchReturnsAtMostN(t *testing.T) {
	texts := make([]string, 300)
	for i := range texts {
		texts[i] = strings.Repeat("pump ", 1+i*7%300) + strings.Repeat("x ", i%11)
	}
	x := of(texts...)
	all := x.Search("pump", 1000)
	if len(all) != len(texts) {
		t.Fatalf("%d of %d were found", len(all), len(texts))
	}
	for n := range all {
		if got := x.Search("pump", n); !slices.Equal(got, all[:n]) {
			t.Fatalf("the best %d are %v, want %v", n, got, all[:n])
		}
	}
}

func TestMatchFindsTextsWithAnyOfTheWords(t *testing.T) {
	texts := []string{
		"The main pump failed.", "Pumps: main and.\n\nPump and valve", "pump main", "Umsatz 1,234.5 T€",
		"東京都の水", "京都 東京", "",
	}
	x := of(texts...)
	for _, c := range []struct {
		words []string
		want  []int
	}{
		{[]string{"pump"}, []int{0, 1, 2}},
		{[]string{"VALVE", "umsatz"}, []int{1, 3}},
		{[]string{"pum"}, nil},
		{[]string{"main pump"}, []int{0}}, // not over other words, nor turned round
		{[]string{"main  PUMP", "pump, main"}, []int{0, 2}},
		{[]string{"main pump main"}, nil},
		{[]string{"1234.5"}, []int{3}},
		{[]string{"東京都"}, []int{4}},
		{[]string{"京都"}, []int{4, 5}},
		{[]string{"水"}, []int{4}},
		{[]string{"", "-", "nowhere"}, nil},
		{nil, nil},
	} {
		if got := x.Match(c.words); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %v, want %v", c.words, got, c.want)
		}
	}
}

func TestManyMaySearchAtOnce(t *testing.T) {
	x := of("a pump", "a valve", "pump and valve")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if got := fmt.Sprint(x.Search("pump valve", 2), x.Match([]string{"a pump"})); got != "[2 0] [0]" {
					t.Error(got)
				}
			}
		})
	}
	wg.Wait()
}

// Each text is found by each of its own terms, and by itself as a phrase.
func FuzzIndex(f *testing.F) {
	for _, s := range []string{"a Pump, 1,234.5", "東京都 水 x", "cafe\u0301 हिन्दी", "\xff\xfe", "น้ำ1,234ー"} {
		f.Add(s, "pump")
	}
	f.Fuzz(func(t *testing.T, text, query string) {
		text, query = text[:min(len(text), 500)], query[:min(len(query), 500)]
		x := of("", text, query)
		x.Match([]string{query, text})
		x.Search(query, 2)
		terms := words.Sequence(text)
		for _, w := range terms {
			if len(words.Sequence(w)) == 1 && !slices.Contains(x.Search(w, 3), 1) {
				t.Errorf("%q is not found by its term %q", text, w)
			}
		}
		if len(terms) > 0 && !slices.Contains(x.Match([]string{text}), 1) {
			t.Errorf("%q is not found by itself", text)
		}
	})
}
