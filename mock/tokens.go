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

// Texts are counted in pieces, so that a text without end costs no more than
// its length asks for; past exactBytes the rest is taken to be like the
// beginning, since counting runs at only some 6 to 10 MB a second.
const (
	pieceBytes = 64 << 10
	exactBytes = 4 << 20
)

// counter counts tokens with the vocabulary o200k_base and remembers the
// counts of texts it has seen: a prompt's fixed part is counted once. The
// zero value is ready, safe for concurrent use, and bounded in memory.
type counter struct {
	mu       sync.Mutex
	now, old map[uint64]int // two generations of counts, by hash of the text
}

const generation = 4096

var (
	hashSeed = maphash.MakeSeed()
	// The vocabulary takes some 20 ms and 7 MB once a process.
	vocabulary = sync.OnceValue(func() tokenizer.Codec { return codec.NewO200kBase() })
)

// count is the number of tokens of text, exact up to exactBytes but for a
// token or two at each end of a piece.
func (c *counter) count(text string) int {
	if len(text) < 32 {
		return countExact(text)
	}
	key := maphash.String(hashSeed, text)
	c.mu.Lock()
	n, ok := c.now[key]
	if !ok {
		n, ok = c.old[key]
	}
	c.mu.Unlock()
	if ok {
		return n
	}
	n = countPieces(text)
	c.mu.Lock()
	if c.now == nil || len(c.now) >= generation {
		c.old, c.now = c.now, make(map[uint64]int)
	}
	c.now[key] = n
	c.mu.Unlock()
	return n
}

func countPieces(text string) int {
	n, done := 0, 0
	for rest := text; rest != "" && done < exactBytes; {
		piece := cutPiece(rest)
		n += countExact(piece)
		done += len(piece)
		rest = rest[len(piece):]
	}
	return int(float64(n) * float64(len(text)) / float64(max(done, 1)))
}

// cutPiece is the beginning of text, up to pieceBytes, ending before white
// space where there is some, else between two runes.
func cutPiece(text string) string {
	if len(text) <= pieceBytes {
		return text
	}
	if i := strings.LastIndexByte(text[:pieceBytes], '\n'); i > 0 {
		return text[:i]
	}
	if i := strings.LastIndexByte(text[:pieceBytes], ' '); i > 0 {
		return text[:i]
	}
	return text[:runeEdge(text, pieceBytes)]
}

// runeEdge is the last place at or before i where no rune is cut.
func runeEdge(text string, i int) int {
	for j := i; j > 0 && i-j < utf8.UTFMax; j-- {
		if j == len(text) || utf8.RuneStart(text[j]) {
			return j
		}
	}
	return i
}

func countExact(text string) int {
	if text == "" {
		return 0
	}
	n, err := vocabulary().Count(text)
	if err != nil { // the splitter gave up: a token is seldom under two bytes
		return (len(text) + 1) / 2
	}
	return n
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
		piece := cutPiece(rest)
		rest = rest[len(piece):]
		_, tokens, err := vocabulary().Encode(piece)
		if err != nil {
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
