package mock

import (
	"hash/maphash"
	"sync"
	"time"
	"unicode/utf8"
)

// Prefix is a model's cache of prompt prefixes. The zero value caches
// nothing.
//
// A prompt is cut into blocks. As many blocks from its beginning as came
// before, in a call that had then begun to answer, are read from the cache:
// usage says so and Price.Cached is their price. Calls that start together
// all miss. A block that nobody used for as long as TTL is forgotten. A cut
// falls on the boundary of a word, so that a block may be a few tokens longer;
// a call's schema stands before its messages.
type Prefix struct {
	Block int           // tokens of a block; 0: 128 where Min or TTL is set, otherwise nothing is cached
	Min   int           // fewer cached tokens count as none; 0: 1024
	TTL   time.Duration // 0: 5 minutes
}

// Prefixes is prefix caching as OpenAI's older models have it: blocks of 128
// tokens from 1024 on, forgotten after 5 minutes.
func Prefixes() Prefix { return Prefix{Block: 128, Min: 1024, TTL: 5 * time.Minute} }

// maxBlocks is how many blocks a model remembers, in each of two generations.
const maxBlocks = 65_536

// prefixes is a cache at work. It is safe for concurrent use and bounded in
// memory.
type prefixes struct {
	Prefix
	mu       sync.Mutex
	now, old map[uint64]block // by the hash of everything up to the block's end
}

type block struct {
	ready time.Time // a call with it had begun to answer
	used  time.Time
}

func newPrefixes(p Prefix) *prefixes {
	if p == (Prefix{}) {
		return nil
	}
	if p.Block <= 0 {
		p.Block = 128
	}
	if p.Min <= 0 {
		p.Min = 1024
	}
	if p.TTL <= 0 {
		p.TTL = 5 * time.Minute
	}
	return &prefixes{Prefix: p}
}

// blocks cuts a prompt: the hash of everything up to each block's end.
func (p *prefixes) blocks(r Request, next func(text string) (word string, tokens int)) []uint64 {
	var out []uint64
	var h maphash.Hash
	h.SetSeed(hashSeed)
	n := 0
	add := func(text string) {
		for len(text) > 0 {
			word, tokens := next(text)
			text = text[len(word):]
			_, _ = h.WriteString(word)
			for n += tokens; n >= (len(out)+1)*p.Block; {
				out = append(out, h.Sum64())
			}
		}
	}
	add(string(r.Schema))
	for _, m := range r.Messages {
		_ = h.WriteByte(0)
		n += messageTokens
		add(m.Role)
		_ = h.WriteByte(1)
		add(m.Content)
	}
	return out
}

// nextWord is the next piece of a text that is counted alone.
func (c *counter) nextWord(text string) (string, int) {
	word := nextPreToken(text)
	c.mu.RLock()
	n, ok := c.words.get(word)
	c.mu.RUnlock()
	if !ok {
		n = c.countWords(word)
	}
	return word, n
}

// nextEstimated is the same for a model whose tokens are estimated.
func nextEstimated(text string) (string, int) {
	word := text[:1]
	for len(word) < min(4, len(text)) && text[len(word)] < utf8.RuneSelf {
		word = text[:len(word)+1]
	}
	if text[0] >= utf8.RuneSelf {
		_, size := utf8.DecodeRuneInString(text)
		word = text[:size]
	}
	return word, 1
}

// remembered reads the call's prompt from the model's cache, as far as it is
// there.
func (x *exchange) remembered() {
	p := x.s.prefixes[x.model.ID]
	if p == nil {
		return
	}
	next := x.s.count.nextWord
	if x.model.Estimate {
		next = nextEstimated
	}
	x.blocks = p.blocks(x.entry.Request, next)
	x.entry.Usage.Cached = min(p.read(x.blocks), x.entry.Usage.In)
}

// written is how many of the prompt's tokens are written into the cache and
// billed as such: those of its whole blocks that were not there.
func (x *exchange) written() int {
	p := x.s.prefixes[x.model.ID]
	if p == nil || x.model.Price == nil || x.model.Price.Written <= 0 {
		return 0
	}
	n := len(x.blocks) * p.Block
	if n < p.Min {
		return 0
	}
	return max(0, min(n, x.entry.Usage.In)-x.entry.Usage.Cached)
}

// remember puts the call's prompt into the model's cache, from its first
// token on.
func (x *exchange) remember() {
	if p := x.s.prefixes[x.model.ID]; p != nil {
		p.write(x.blocks, x.entry.Arrived.Add(max(x.pace.first, time.Since(x.entry.Arrived))))
	}
}

// read is how many tokens of a prompt are in the cache now.
func (p *prefixes) read(blocks []uint64) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, n := time.Now(), 0
	for _, key := range blocks {
		b, ok := p.get(key)
		if !ok || now.Before(b.ready) || now.Sub(b.used) >= p.TTL {
			break
		}
		b.used = now
		p.put(key, b)
		n += p.Block
	}
	if n < p.Min {
		return 0
	}
	return n
}

// write puts a prompt into the cache, from the time on when it has been read.
func (p *prefixes) write(blocks []uint64, ready time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for _, key := range blocks {
		b, ok := p.get(key)
		if !ok || now.Sub(b.used) >= p.TTL || ready.Before(b.ready) {
			b.ready = ready
		}
		if b.used.Before(ready) {
			b.used = ready
		}
		p.put(key, b)
	}
}

func (p *prefixes) get(key uint64) (block, bool) {
	b, ok := p.now[key]
	if !ok {
		b, ok = p.old[key]
	}
	return b, ok
}

func (p *prefixes) put(key uint64, b block) {
	if _, known := p.now[key]; !known && len(p.now) >= maxBlocks || p.now == nil {
		p.old, p.now = p.now, make(map[uint64]block)
	}
	p.now[key] = b
}
