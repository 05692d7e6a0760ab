package mock

import (
	"maps"
	"net/http"
	"sync"
	"time"
)

// Usage counts tokens.
type Usage struct {
	In      int `json:"prompt_tokens"` // prompt tokens, Cached and Written included
	Cached  int `json:"cached_tokens"` // part of In: read from a prefix cache
	Out     int `json:"completion_tokens"`
	Written int `json:"cache_write_tokens,omitempty"` // part of In: written into a prefix cache; 0 if Price.Written is 0
}

// Entry is the log of one request, to any path, and of its reply.
type Entry struct {
	ID     string // as sent in x-request-id
	Method string
	Path   string
	Header http.Header // as received, without keys and cookies
	Body   []byte      // as received, at most Config.MaxBody bytes; read only

	Request Request // the decoded request; if it was refused, as far as it could be decoded
	Status  int     // as sent; 0: the client disconnected before
	Error   string  // what was refused or failed and why, including causes not sent to the client
	Replies []string
	Finish  []string // finish_reason of each reply, empty for a cut one; nil if all were cut

	Usage  Usage // billed usage, also if the client disconnected early or did not ask for usage
	Cost   int64 // of Usage, nano-dollars
	Priced bool  // the model has a price
	Charge bool  // the model began to work, so the call counts in the bill

	Fault   string // ID of the fault that it met
	Attempt int    // how often this body had been received, this time included; 0: it was not read

	Arrived, Ended time.Time
	InFlight       int  // requests in progress when it arrived, itself included
	Cancelled      bool // the client disconnected before the end
	Streamed       bool

	keys *[]string // of the request; behind a pointer, so that printing the entry does not print them
}

// Bill is the sum of all calls of a model, including those whose entry is no longer
// in the log.
type Bill struct {
	Calls    int // that the model began to work on
	Refused  int // requests answered with an error before the model began
	Usage    Usage
	Cost     int64 // nano-dollars
	Unpriced int   // calls without a price, not in Cost
	Peak     int   // most requests for the model in flight at once
}

// Dollars returns Cost in dollars, for display.
func (b Bill) Dollars() float64 { return float64(b.Cost) / 1e9 }

// maxLogBytes is how much of request bodies a bounded log keeps.
const maxLogBytes = 64 << 20

// ledger holds the log: the newest entries and totals of all. Its memory is
// bounded by keep and maxLogBytes, where keep is not negative.
type ledger struct {
	mu       sync.Mutex
	keep     int
	entries  []*Entry // those that ended, in the order in which they did
	bytes    int      // of their bodies
	dropped  int      // entries that are no longer there
	bills    map[string]Bill
	flying   map[string]int
	inFlight int
	peak     int
}

func (l *ledger) arrive(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight++
	l.peak = max(l.peak, l.inFlight)
	e.InFlight = l.inFlight
}

// take notes that a request is for a model that is served here.
func (l *ledger) take(model string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flying[model]++
	b := l.bills[model]
	b.Peak = max(b.Peak, l.flying[model])
	l.bills[model] = b
}

// end puts a finished entry into the log. served: its model, "" where none.
func (l *ledger) end(e *Entry, served string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
	l.entries = append(l.entries, e)
	l.bytes += len(e.Body)
	for l.keep >= 0 && (len(l.entries) > l.keep || l.bytes > maxLogBytes && len(l.entries) > 1) {
		l.bytes -= len(l.entries[0].Body)
		l.entries[0] = nil
		l.entries = l.entries[1:]
		l.dropped++
	}
	if served == "" {
		return
	}
	l.flying[served]--
	b := l.bills[served]
	if e.Charge {
		b.Calls++
		b.Usage.In += e.Usage.In
		b.Usage.Cached += e.Usage.Cached
		b.Usage.Out += e.Usage.Out
		b.Usage.Written += e.Usage.Written
		b.Cost += e.Cost
		if !e.Priced {
			b.Unpriced++
		}
	} else {
		b.Refused++
	}
	l.bills[served] = b
}

// Log returns the entries in the order in which requests ended: the newest, as many
// as Config.Keep allows. Once a client has read a whole reply, its entry is in the
// log.
func (s *Server) Log() []Entry {
	entries, _ := s.log.since(0)
	out := make([]Entry, len(entries))
	for i, e := range entries {
		out[i] = *e
	}
	return out
}

// Bill returns usage and cost by model.
func (s *Server) Bill() map[string]Bill {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return maps.Clone(s.log.bills)
}

// InFlight returns how many requests are in progress now, and the most there were
// at once.
func (s *Server) InFlight() (now, peak int) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.inFlight, s.log.peak
}
