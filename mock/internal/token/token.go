// Package token counts tokens, cuts replies into them, and remembers prompts
// as a provider's prefix cache does.
package token

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tiktoken-go/tokenizer"
	"github.com/tiktoken-go/tokenizer/codec"
)

// Every message costs three tokens beside its text, and every prompt three
// more, with which the reply is primed (OpenAI's cookbook on counting tokens).
const Message, Priming = 3, 3

// exactBytes is how much of one text is counted; past it the rest is taken to
// be like the beginning.
const exactBytes = 1 << 20

// Bounds of what is remembered, in each of two generations, and of a
// piece: a run of letters without end is cut there, so that it costs no more
// than its length.
const (
	maxWords    = 16_384
	maxWordSize = 512
	maxPiece    = 4096
)

// The vocabulary takes some 20 ms and 7 MB once a process.
var o200k = sync.OnceValue(func() tokenizer.Codec { return codec.NewO200kBase() })

// words remembers the tokens of words, for all servers of a process.
var words struct {
	sync.RWMutex
	Cache[string, []string]
}

// Count is the number of tokens of text in the vocabulary o200k_base, exact up to a
// MiB but for pieces that maxPiece cuts. It is safe for concurrent use, as is all here.
func Count(text string) int {
	n, done := 0, 0
	for done < len(text) && done < exactBytes {
		word, k := Next(text[done:])
		done += len(word)
		n += k
	}
	return int(float64(n) * float64(len(text)) / float64(max(done, 1)))
}

// Next is the first piece of a text, not empty, that is counted alone.
func Next(text string) (string, int) {
	word := piece(text)
	return word, len(tokens(word))
}

func tokens(word string) []string {
	words.RLock()
	out, ok := words.Get(word)
	words.RUnlock()
	if ok {
		return out
	}
	word = strings.Clone(word)
	_, out, err := o200k().Encode(word)
	if err != nil || strings.Join(out, "") != word { // the splitter gave up, or drops DEL
		out = strings.Split(word, "")
	}
	if len(word) <= maxWordSize {
		words.Lock()
		words.Put(word, out, maxWords)
		words.Unlock()
	}
	return out
}

// piece is the beginning of a text up to a space behind something else. No
// token of o200k_base reaches over such a place, so that pieces are counted
// alone, and most of them are known.
func piece(text string) string {
	end := min(len(text), maxPiece)
	for i := 1; i < end; i++ {
		if text[i] == ' ' && text[i-1] > ' ' && text[i-1] < utf8.RuneSelf {
			return text[:i]
		}
	}
	return text[:wholeRunes(text[:end])]
}

// wholeRunes is the length of text without a rune that is cut at its end.
func wholeRunes(text string) int {
	for i := max(0, len(text)-utf8.UTFMax+1); i < len(text); i++ {
		if !utf8.FullRuneInString(text[i:]) {
			return i
		}
	}
	return len(text)
}

// Split cuts a reply, which is valid UTF-8, into its tokens. A rune that two tokens share stays whole, in the
// later one; so a token may be empty.
func Split(text string) []string {
	var out []string
	carry := ""
	for rest := text; rest != ""; {
		word := piece(rest)
		rest = rest[len(word):]
		for _, t := range tokens(word) {
			t = carry + t
			edge := wholeRunes(t)
			out = append(out, t[:edge])
			carry = t[edge:]
		}
	}
	return out
}

// Cache holds the newest size to 2·size values. The zero value is empty.
type Cache[K comparable, V any] struct{ now, old map[K]V }

// Get finds a value.
func (c *Cache[K, V]) Get(k K) (V, bool) {
	v, ok := c.now[k]
	if !ok {
		v, ok = c.old[k]
	}
	return v, ok
}

// Put keeps a value.
func (c *Cache[K, V]) Put(k K, v V, size int) {
	if _, known := c.now[k]; c.now == nil || !known && len(c.now) >= size {
		c.old, c.now = c.now, make(map[K]V)
	}
	c.now[k] = v
}
