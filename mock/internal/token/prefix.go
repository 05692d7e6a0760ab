package token

import (
	"cmp"
	"hash/maphash"
	"sync"
	"time"
)

// Prefix is a model's cache of prompt prefixes; see mock.Prefix.
type Prefix struct {
	Block int
	Min   int
	TTL   time.Duration
}

var hashSeed = maphash.MakeSeed()

// maxBlocks is how many blocks a model remembers, in each of two generations.
const maxBlocks = 65_536

// Prefixes is a cache at work. It is safe for concurrent use and bounded in
// memory.
type Prefixes struct {
	Prefix
	mu    sync.Mutex
	known Cache[uint64, block] // by the hash of everything up to the block's end
}

type block struct {
	ready time.Time // a call with it had begun to answer
	used  time.Time
}

// NewPrefixes makes a cache; where p is zero it takes nothing.
func NewPrefixes(p Prefix) *Prefixes {
	if p != (Prefix{}) {
		p = Prefix{Block: cmp.Or(max(p.Block, 0), 128), Min: cmp.Or(max(p.Min, 0), 1024), TTL: cmp.Or(max(p.TTL, 0), 5*time.Minute)}
	}
	return &Prefixes{Prefix: p}
}

// Blocks cuts a prompt, a schema and messages of a role and a text: the hash of
// everything up to each block's end.
func (p *Prefixes) Blocks(schema string, messages [][2]string) []uint64 {
	if p.Block == 0 {
		return nil
	}
	var out []uint64
	var h maphash.Hash
	h.SetSeed(hashSeed)
	n := 0
	add := func(text string) {
		for len(text) > 0 {
			word, tokens := Next(text)
			text = text[len(word):]
			_, _ = h.WriteString(word)
			for n += tokens; n >= (len(out)+1)*p.Block; {
				out = append(out, h.Sum64())
			}
		}
	}
	add(schema)
	for _, m := range messages {
		_ = h.WriteByte(0)
		n += Message
		add(m[0])
		_ = h.WriteByte(1)
		add(m[1])
	}
	return out
}

// Read is how many tokens of a prompt are in the cache now.
func (p *Prefixes) Read(blocks []uint64) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, n := time.Now(), 0
	for _, key := range blocks {
		b, ok := p.known.Get(key)
		if !ok || now.Before(b.ready) || now.Sub(b.used) >= p.TTL {
			break
		}
		b.used = now
		p.known.Put(key, b, maxBlocks)
		n++
	}
	return p.Whole(blocks[:n])
}

// Whole is how many tokens of a prompt the cache takes.
func (p *Prefixes) Whole(blocks []uint64) int {
	if len(blocks)*p.Block < p.Min {
		return 0
	}
	return len(blocks) * p.Block
}

// Write puts a prompt into the cache, from the time on when it has been read.
func (p *Prefixes) Write(blocks []uint64, ready time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for _, key := range blocks {
		b, ok := p.known.Get(key)
		if !ok || now.Sub(b.used) >= p.TTL || ready.Before(b.ready) {
			b.ready = ready
		}
		if b.used.Before(ready) {
			b.used = ready
		}
		p.known.Put(key, b, maxBlocks)
	}
}
