package mock

import (
	"hash/maphash"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tiktoken-go/tokenizer"
	"github.com/tiktoken-go/tokenizer/codec"
)

// Every message costs three tokens beside its text, and every prompt three
// more, with which the reply is primed (OpenAI's cookbook on counting tokens).
const (
	messageTokens = 3
	primingTokens = 3
)

// exactBytes is how much of one message is counted; past it the rest is taken
// to be like the beginning.
const exactBytes = 1 << 20

// counter counts tokens with the vocabulary o200k_base. It remembers the
// counts of texts, as a prompt's fixed part comes again and again, and of
// words. The zero value is ready, safe for concurrent use, bounded in memory.
type counter struct {
	mu    sync.RWMutex
	texts cache[uint64] // by hash
	words cache[string]
}

// Most texts and words remembered, in each of two generations; of longer
// words none.
const (
	maxTexts    = 4096
	maxWords    = 32_768
	maxWordSize = 32
)

var (
	hashSeed = maphash.MakeSeed()
	// The vocabulary takes some 20 ms and 7 MB once a process.
	vocabulary = sync.OnceValue(func() tokenizer.Codec { return codec.NewO200kBase() })
)

// count is the number of tokens of text, exact up to exactBytes but for runs
// that maxPreToken cuts.
func (c *counter) count(text string) int {
	key := maphash.String(hashSeed, text)
	c.mu.RLock()
	n, ok := c.texts.get(key)
	c.mu.RUnlock()
	if ok {
		return n
	}
	n = c.countWords(text)
	c.mu.Lock()
	c.texts.put(key, n, maxTexts)
	c.mu.Unlock()
	return n
}

func (c *counter) countWords(text string) int {
	n, done := 0, 0
	var fresh []string
	c.mu.RLock()
	for done < len(text) && done < exactBytes {
		word := nextPreToken(text[done:])
		done += len(word)
		if k, ok := c.words.get(word); ok {
			n += k
		} else {
			fresh = append(fresh, word)
		}
	}
	c.mu.RUnlock()
	if done == 0 {
		return 0
	}
	counts := make([]int, len(fresh))
	for i, word := range fresh {
		counts[i] = countWord(word)
		n += counts[i]
	}
	c.mu.Lock()
	for i, word := range fresh {
		if len(word) <= maxWordSize {
			c.words.put(strings.Clone(word), counts[i], maxWords)
		}
	}
	c.mu.Unlock()
	return int(float64(n) * float64(len(text)) / float64(done))
}

func countWord(word string) int {
	n, err := vocabulary().Count(word)
	if err != nil { // the splitter gave up: a token is seldom under two bytes
		return (len(word) + 1) / 2
	}
	return n
}

// cache holds the newest size to 2·size counts.
type cache[K comparable] struct{ now, old map[K]int }

func (c *cache[K]) get(k K) (int, bool) {
	n, ok := c.now[k]
	if !ok {
		n, ok = c.old[k]
	}
	return n, ok
}

func (c *cache[K]) put(k K, n, size int) {
	if c.now == nil || len(c.now) >= size {
		c.old, c.now = c.now, make(map[K]int)
	}
	c.now[k] = n
}

// estimate is the count for a model whose vocabulary is not ours: a token for
// each four bytes of ASCII and one for each other rune, rounded up.
func estimate(text string) int {
	ascii, other := 0, 0
	for _, r := range text {
		if r < utf8.RuneSelf {
			ascii++
		} else {
			other++
		}
	}
	return (ascii+3)/4 + other
}

// split cuts a reply into its tokens. A rune that two tokens share stays
// whole, in the later one; so a piece may be empty.
func split(text string) []string {
	var out []string
	carry := ""
	for rest := text; rest != ""; {
		piece := nextPreToken(rest)
		rest = rest[len(piece):]
		_, tokens, err := vocabulary().Encode(piece)
		if err != nil || strings.Join(tokens, "") != piece { // it drops DEL
			tokens = []string{piece}
		}
		for _, t := range tokens {
			t = carry + t
			edge := wholeRunes(t)
			out = append(out, t[:edge])
			carry = t[edge:]
		}
	}
	if carry != "" {
		out[len(out)-1] += carry
	}
	return out
}

// wholeRunes is the length of text without a rune that is cut at its end.
func wholeRunes(text string) int {
	for i := len(text) - 1; i >= 0 && len(text)-i < utf8.UTFMax; i-- {
		if utf8.RuneStart(text[i]) {
			if utf8.FullRuneInString(text[i:]) {
				return len(text)
			}
			return i
		}
	}
	return len(text)
}

// splitEstimate cuts a reply into the tokens that estimate counts: four runes
// of ASCII, or one other rune.
func splitEstimate(text string) []string {
	var out []string
	start, ascii := 0, 0
	for i, r := range text {
		if r >= utf8.RuneSelf {
			if ascii > 0 {
				out = append(out, text[start:i])
			}
			_, size := utf8.DecodeRuneInString(text[i:])
			out = append(out, text[i:i+size])
			start, ascii = i+size, 0
			continue
		}
		if ascii++; ascii == 4 {
			out = append(out, text[start:i+1])
			start, ascii = i+1, 0
		}
	}
	if ascii > 0 {
		out = append(out, text[start:])
	}
	return out
}
