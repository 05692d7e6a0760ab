package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/singleflight"
)

const (
	mostInline = 32 << 10  // what is longer travels apart
	mostPiece  = 512 << 10 // of a message: servers refuse more than 1 MiB
	mostCached = 64 << 20  // bytes of large texts that a worker process keeps
)

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// store keeps large texts by their hash, each once.
type store struct {
	*link
	loading singleflight.Group

	mu   sync.Mutex
	put  map[string]bool // hashes of what this process has stored
	got  map[string][]byte
	size int // of got
}

func newStore(l *link) *store {
	return &store{link: l, put: map[string]bool{}, got: map[string][]byte{}}
}

// save stores a text and returns its hash.
func (s *store) save(ctx context.Context, data []byte) (string, error) {
	sum := sumOf(data)
	s.mu.Lock()
	there := s.put[sum]
	s.mu.Unlock()
	if there {
		return sum, nil
	}
	n := (len(data) + mostPiece - 1) / mostPiece
	for i := n - 1; i >= 0; i-- { // the first piece, which tells how many there are, comes last
		m := nats.NewMsg(s.cfg.subject(parts, sum, strconv.Itoa(i)))
		m.Header.Set("Pieces", strconv.Itoa(n))
		m.Data = data[i*mostPiece : min((i+1)*mostPiece, len(data))]
		if err := s.publish(ctx, m); err != nil && !taken(err) {
			return "", fmt.Errorf("queue: store a text: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put[sum] = true
	return sum, nil
}

// load returns a text. Who asks for one that is on its way waits for that.
func (s *store) load(ctx context.Context, sum string) ([]byte, error) {
	s.mu.Lock()
	data, ok := s.got[sum]
	s.mu.Unlock()
	if ok {
		return data, nil
	}
	select {
	case l := <-s.loading.DoChan(sum, func() (any, error) { return s.fetch(ctx, sum) }):
		if l.Err != nil && l.Shared && ctx.Err() == nil { // it may have been the other's context
			return s.fetch(ctx, sum)
		}
		data, _ = l.Val.([]byte)
		return data, l.Err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (s *store) fetch(ctx context.Context, sum string) ([]byte, error) {
	var data []byte
	for i, n := 0, 1; i < n; i++ {
		m, err := s.kept[parts].GetLastMsgForSubject(ctx, s.cfg.subject(parts, sum, strconv.Itoa(i)))
		if err != nil {
			return nil, fmt.Errorf("queue: load a text: %w", err)
		}
		if i == 0 {
			n, _ = strconv.Atoi(m.Header.Get("Pieces"))
		}
		data = append(data, m.Data...)
	}
	if sumOf(data) != sum {
		return nil, errors.New("queue: a stored text is damaged")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.size += len(data); s.size > mostCached {
		clear(s.got)
		s.size = len(data)
	}
	s.got[sum] = data
	return data, nil
}
