package mock

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// Below it a server tells over HTTP what it saw and served; docs/mock.md says
// how. These requests are themselves in neither log nor bill, and show no keys.
const mockPath = "/_mock/"

// seen is entry n, counted from 1, without keys.
func (e *Entry) seen(n int) map[string]any {
	var body any // null where there is none, a text where it is not JSON
	if text := wire.Redact(string(e.Body), *e.keys); json.Valid([]byte(text)) {
		body = json.RawMessage(text)
	} else if text != "" {
		body = text
	}
	out := map[string]any{
		"n": n, "id": e.ID, "method": e.Method, "path": e.Path, "headers": e.Header, "body": body, "model": e.Request.Model, "status": e.Status,
		"replies": wire.RedactAll(e.Replies, *e.keys), "finish": append([]string{}, e.Finish...), "attempt": e.Attempt, "usage": e.Usage,
		"dollars": float64(e.Cost) / 1e9, "charged": e.Charge, "streamed": e.Streamed, "cancelled": e.Cancelled, "in_flight": e.InFlight,
		"arrived": e.Arrived, "seconds": e.Ended.Sub(e.Arrived).Seconds(),
	}
	if e.Error != "" {
		out["error"] = e.Error
	}
	if e.Fault != "" {
		out["fault"] = e.Fault
	}
	return out
}

// since is the log from entry n+1 on, and the number of the first of them.
func (l *ledger) since(n int) (entries []*Entry, first int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	skip := min(max(n-l.dropped, 0), len(l.entries))
	return slices.Clone(l.entries[skip:]), l.dropped + skip + 1
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
	switch {
	case err != nil:
		x.fail(err)
	case answer == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // a client that leaves now has asked for nothing
	}
	return true
}

func (x *exchange) show() (any, *wire.Error) {
	if err := x.admit(); err != nil {
		return nil, err
	}
	what := strings.TrimPrefix(x.r.URL.Path, mockPath)
	if what == "requests" && x.r.Method == http.MethodDelete {
		x.s.log.forget()
		return nil, nil
	}
	if err := x.only(http.MethodGet); err != nil {
		return nil, err
	}
	switch what {
	case "requests":
		return x.showRequests()
	case "stats":
		return x.s.stats(), nil
	}
	return nil, &wire.Error{Status: http.StatusNotFound, Message: fmt.Sprintf("There is nothing at %.128s; there are %srequests and %[2]sstats.", x.r.URL.Path, mockPath)}
}

func (x *exchange) showRequests() (any, *wire.Error) {
	text := cmp.Or(x.r.URL.Query().Get("since"), "0")
	since, err := strconv.Atoi(text)
	if err != nil || since < 0 {
		return nil, wire.Bad("since", "", "Invalid value for 'since': %.40q is not a whole number of 0 and above.", text)
	}
	entries, first := x.s.log.since(since)
	list := make([]any, len(entries))
	for i, e := range entries {
		list[i] = e.seen(first + i)
	}
	return map[string]any{"requests": list, "next": first + len(list) - 1}, nil // next: the since of the next question
}

// stats is what all requests come to, also those that are no longer in the
// log. Faults are counted in the log.
func (s *Server) stats() any {
	models := map[string]any{}
	for id, b := range s.Bill() {
		models[id] = map[string]any{
			"calls": b.Calls, "refused": b.Refused, "usage": b.Usage, "dollars": b.Dollars(), "unpriced": b.Unpriced, "peak": b.Peak,
		}
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
