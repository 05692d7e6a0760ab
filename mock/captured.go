package mock

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// What a server saw and served can be asked for over HTTP, for tests in any
// language, with the server's key where it has one:
//
//	GET    /_mock/requests?since=N   the log from entry N+1 on, of the entries that ended
//	DELETE /_mock/requests           forgets the log, not the bill
//	GET    /_mock/stats              the bill by model, requests in work, faults met
//
// These requests are themselves in neither. Keys are never shown: headers that
// carry one are left out, and where one is found in a body it is replaced.

const mockPath = "/_mock/"

// seen is an entry of the log as JSON.
type seen struct {
	N         int             `json:"n"` // counted from 1, in the order in which requests ended
	ID        string          `json:"id"`
	Method    string          `json:"method"`
	Path      string          `json:"path"`
	Header    http.Header     `json:"headers"`
	Body      json.RawMessage `json:"body"` // a text where it is not JSON, null where there is none
	Model     string          `json:"model"`
	Status    int             `json:"status"` // 0: the client left before
	Error     string          `json:"error,omitempty"`
	Replies   []string        `json:"replies"`
	Finish    []string        `json:"finish"`
	Fault     string          `json:"fault,omitempty"`
	Attempt   int             `json:"attempt"`
	Usage     seenUsage       `json:"usage"`
	Dollars   float64         `json:"dollars"`
	Charged   bool            `json:"charged"`
	Streamed  bool            `json:"streamed"`
	Cancelled bool            `json:"cancelled"`
	InFlight  int             `json:"in_flight"`
	Arrived   time.Time       `json:"arrived"`
	Seconds   float64         `json:"seconds"`
}

type seenUsage struct {
	Prompt     int `json:"prompt_tokens"`
	Cached     int `json:"cached_tokens"`
	Completion int `json:"completion_tokens"`
	Written    int `json:"cache_write_tokens,omitempty"`
}

func (u Usage) seen() seenUsage { return seenUsage{u.In, u.Cached, u.Out, u.Written} }

// seen is the entry without keys.
func (e *Entry) seen(n int) seen {
	body := json.RawMessage("null")
	if text := wire.Redact(string(e.Body), *e.keys); json.Valid([]byte(text)) {
		body = json.RawMessage(text)
	} else if text != "" {
		body = json.RawMessage(wire.Quote(text))
	}
	return seen{
		N: n, ID: e.ID, Method: e.Method, Path: e.Path, Header: e.Header, Body: body, Model: e.Request.Model,
		Status: e.Status, Error: e.Error, Replies: wire.RedactAll(e.Replies, *e.keys), Finish: append([]string{}, e.Finish...),
		Fault: e.Fault, Attempt: e.Attempt, Usage: e.Usage.seen(), Dollars: float64(e.Cost) / 1e9, Charged: e.Charge,
		Streamed: e.Streamed, Cancelled: e.Cancelled, InFlight: e.InFlight, Arrived: e.Arrived, Seconds: e.Ended.Sub(e.Arrived).Seconds(),
	}
}

// since is the log from entry n+1 on, and the number of the first of them.
func (l *ledger) since(n int) (entries []*Entry, first int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	es := l.entries
	if l.keep >= 0 && len(es) > l.keep {
		es = es[len(es)-l.keep:]
	}
	first = l.dropped + len(l.entries) - len(es) + 1
	if skip := n + 1 - first; skip > 0 {
		skip = min(skip, len(es))
		es, first = es[skip:], first+skip
	}
	return es[:len(es):len(es)], first
}

// forget empties the log.
func (l *ledger) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropped += len(l.entries)
	l.entries, l.bytes = nil, 0
}

// shown serves a request for what the server saw. It says whether it was one.
func (s *Server) shown(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasPrefix(r.URL.Path, mockPath) {
		return false
	}
	x := &exchange{s: s, w: w, r: r, entry: &Entry{ID: "req_mock", Arrived: time.Now()}, ended: true}
	answer, err := x.show()
	if err != nil {
		x.fail(err)
		return true
	}
	if answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return true
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // a client that leaves now has asked for nothing
	return true
}

func (x *exchange) show() (any, *wire.Error) {
	if err := x.admit(); err != nil {
		return nil, err
	}
	switch what := strings.TrimPrefix(x.r.URL.Path, mockPath); {
	case what == "requests" && x.r.Method == http.MethodDelete:
		x.s.log.forget()
		return nil, nil
	case what == "requests":
		if err := x.only(http.MethodGet); err != nil {
			return nil, err
		}
		return x.showRequests()
	case what == "stats":
		if err := x.only(http.MethodGet); err != nil {
			return nil, err
		}
		return x.s.stats(), nil
	}
	return nil, &wire.Error{
		Status:  http.StatusNotFound,
		Message: fmt.Sprintf("There is nothing at %.128s; there are %srequests and %[2]sstats.", x.r.URL.Path, mockPath),
	}
}

func (x *exchange) showRequests() (any, *wire.Error) {
	since := 0
	if text := x.r.URL.Query().Get("since"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, wire.Bad("since", "", "Invalid value for 'since': %.40q is not a whole number of 0 and above.", text)
		}
		since = n
	}
	entries, first := x.s.log.since(since)
	list := make([]seen, len(entries))
	for i, e := range entries {
		list[i] = e.seen(first + i)
	}
	return struct {
		Requests []seen `json:"requests"`
		Next     int    `json:"next"` // the since of the next question
	}{list, first + len(list) - 1}, nil
}

// stats is what all requests come to, also those that are no longer in the
// log. Faults are counted in the log.
func (s *Server) stats() any {
	type bill struct {
		Calls    int       `json:"calls"`
		Refused  int       `json:"refused"`
		Usage    seenUsage `json:"usage"`
		Dollars  float64   `json:"dollars"`
		Unpriced int       `json:"unpriced"`
		Peak     int       `json:"peak"`
	}
	models := map[string]bill{}
	for id, b := range s.Bill() {
		models[id] = bill{b.Calls, b.Refused, b.Usage.seen(), b.Dollars(), b.Unpriced, b.Peak}
	}
	faults := map[string]int{}
	entries, first := s.log.since(0)
	for _, e := range entries {
		if e.Fault != "" {
			faults[e.Fault]++
		}
	}
	now, peak := s.InFlight()
	accepted, open := s.Connections()
	return map[string]any{
		"requests": first + len(entries) - 1, "in_flight": now, "peak": peak, "connections": accepted, "open": open,
		"models": models, "faults": faults,
	}
}
