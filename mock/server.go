// Package mock is an OpenAI-compatible model server for tests, examples and
// experiments without a key. It serves /v1/models and /v1/chat/completions over
// loopback, as an http.Handler, or in memory inside testing/synctest.
//
// A request takes this way:
//
//	arrive ─▶ key ─▶ path ─▶ decode and check ─▶ model's own rules ─▶ limits ─▶ fault ─▶ brain ─▶ pace ─▶ reply, whole or streamed
//	   │        └───────┴────────────┴──────── *Error ──────┴───────────┘          └───────┴────── or in its place ──┤
//	   └───────────────────────────────────▶ entry in the log and the bill ◀─────────────────────────────────────────┘
//
// The server refuses what the real service refuses, counts tokens with that
// service's vocabulary, delays replies by a model's Latency, and logs what it
// received and sent. Tests can check a client's accounting against that log. A
// model's Brain writes the replies; SmallBrain and LargeBrain really read their
// prompts. Failures are chosen from the catalogue of Faults.
//
// Only a brain of your own calls tools. Images and sound are accepted and ignored,
// log probabilities are null. The package imports no other package of this module.
package mock

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/fault"
	"github.com/db31e724/go-swarm/mock/internal/limit"
	"github.com/db31e724/go-swarm/mock/internal/token"
)

// Config is a server's configuration. The zero value serves Large and Small to
// everybody.
type Config struct {
	Models  []Model     // none: Large() and Small()
	Key     string      // bearer key that every request must carry; empty: none is required
	Seed    uint64      // of the latencies
	Keep    int         // most entries in the log, with at most 64 MiB of bodies; 0: 16 384; negative: no limit
	MaxBody int64       // bytes of a request; 0: 32 MiB
	Observe func(Entry) // is called when a request ends, on its goroutine; may be nil

	Limits Limits      // of all models together; Model.Limits are those of one
	Faults []FaultRule // failures, beside those that a call itself asks for; with an invalid rule Listen and every call fail
}

// Server is an OpenAI-compatible model server. It is safe for concurrent use.
type Server struct {
	key     string
	seed    uint64
	maxBody int64
	observe func(Entry)
	models  map[string]*served
	order   []string // of their IDs, as configured
	log     ledger
	serial  atomic.Uint64

	began   time.Time
	gate    *limit.Gate // of all models together
	rules   []*fault.Armed
	wrong   error // of the rules
	away    absence
	reverse atomic.Int64 // of the calls whose answers come in reverse order

	mu      sync.Mutex
	bodies  token.Cache[uint64, int] // how often each came, by hash
	web     *http.Server
	url     string
	cancel  context.CancelFunc
	closing bool
	work    sync.WaitGroup // the listener's goroutine and the requests that came by it
}

// served is a model at work.
type served struct {
	Model
	gate   *limit.Gate
	cached *token.Prefixes
}

// NewHandler returns a server that does not listen: use it as an http.Handler or by
// Transport. If two models have the same ID, the later one is used.
func NewHandler(c Config) *Server {
	if len(c.Models) == 0 {
		c.Models = []Model{Large(), Small()}
	}
	s := &Server{
		key: c.Key, seed: c.Seed, maxBody: cmp.Or(max(c.MaxBody, 0), 32<<20), observe: c.Observe,
		models: map[string]*served{},
		log:    ledger{keep: cmp.Or(c.Keep, 16_384), bills: map[string]Bill{}, flying: map[string]int{}},
		began:  time.Now(),
		gate:   limit.New(limit.Limits(c.Limits)),
	}
	s.away.open = map[*socket]bool{}
	for i, r := range c.Faults {
		rule, err := fault.Arm(i, fault.Rule(r))
		s.rules, s.wrong = append(s.rules, rule), cmp.Or(s.wrong, err)
	}
	for _, m := range c.Models {
		if m.Brain == nil {
			m.Brain = SmallBrain
		}
		if s.models[m.ID] == nil {
			s.order = append(s.order, m.ID)
		}
		s.models[m.ID] = &served{m, limit.New(limit.Limits(m.Limits)), token.NewPrefixes(token.Prefix(m.Prefix))}
	}
	return s
}

// NewServer starts a server on a free port of the loopback interface. Like
// httptest.NewServer it is for tests and demonstrations and panics if it cannot
// listen; NewHandler and Listen return the error instead. Close it after use.
func NewServer(c Config) *Server {
	s := NewHandler(c)
	if err := s.Listen("127.0.0.1:0"); err != nil {
		panic(err)
	}
	return s
}

// Listen starts to serve on a TCP address, such as "127.0.0.1:0", until Close. It
// may be called once.
func (s *Server) Listen(addr string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.web != nil {
		return fmt.Errorf("mock: listen on %s: the server listens already, on %s", addr, s.url)
	}
	if s.wrong != nil {
		return s.wrong
	}
	l, err := s.away.listen(addr)
	if err != nil {
		return fmt.Errorf("mock: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.url = "http://" + l.Addr().String() + "/v1"
	s.web = &http.Server{
		Handler:           http.HandlerFunc(s.serveCounted),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 30 * time.Second,
		IdleTimeout:       5 * time.Minute,
		ConnContext:       withSocket,
		ConnState:         closeIfDoomed,
		Protocols:         new(http.Protocols),
	}
	s.web.Protocols.SetHTTP1(true)
	s.web.Protocols.SetUnencryptedHTTP2(true)
	s.work.Go(func() { s.serve(ctx, l) })
	return nil
}

// serveCounted lets Close wait for the requests in work.
func (s *Server) serveCounted(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return
	}
	s.work.Add(1)
	s.mu.Unlock()
	defer s.work.Done()
	s.ServeHTTP(w, r)
}

// URL returns the base URL for clients, ending in /v1; empty if the server does not
// listen.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// Close stops listening, cuts open connections and waits until the requests in
// progress have ended, so a brain must obey its context. The log stays readable. A
// server that does not listen needs no Close.
func (s *Server) Close() error {
	s.mu.Lock()
	web := s.web
	s.closing = true
	s.mu.Unlock()
	s.away.close()
	if web == nil {
		return nil
	}
	s.cancel()
	_ = web.Close() // tells at most that the port is closed already, as by GoAway
	s.work.Wait()
	return nil
}

// ServeHTTP serves one request. If the client has disconnected, or a scripted reply
// cuts the connection, it panics with http.ErrAbortHandler, as net/http requires.
// It panics with nothing else.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.away.left() > 0 {
		panic(http.ErrAbortHandler)
	}
	if s.shown(w, r) {
		return
	}
	x := s.newExchange(w, r)
	defer x.close()
	if err := x.run(); err != nil {
		x.fail(err)
	}
	if x.entry.Status == 0 || x.cut { // net/http would make an empty 200 of a reply that was not sent
		x.close()
		panic(http.ErrAbortHandler)
	}
}
