package mock

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// FaultRule lets calls of chat completions meet faults. A call meets a rule
// that all of its conditions hold for; the first such rule of a server counts.
//
// Beside the rules of a server, a call chooses its fault itself with the
// header X-Mock-Fault: F15a, or with a model name such as mock-small:F15a.
type FaultRule struct {
	// IDs are faults as FaultIDs takes them. Of several, each call draws one.
	IDs   []string
	Model string // only calls for this model; with nothing else: a model that always fails
	// Rate is the share of calls that meet the rule, up to 1; 0: all. Which
	// ones, follows from the server's seed, the request's body and how often
	// that body came before, not from the order in which calls come.
	Rate     float64
	Attempts int           // only the first so many times that a body comes; 0: always
	Calls    []int         // only these of the calls that Model lets through, counted from 1
	From, To time.Duration // only calls that arrive between, since the server began; To 0: no end
	Over     int           // only calls whose prompt has more tokens
	Max      int           // at most so many times; 0: without end
}

// ruled is a rule at work. It is safe for concurrent use.
type ruled struct {
	FaultRule
	faults []*Fault

	mu          sync.Mutex
	calls, made int
}

// arm checks rules and makes them ready.
func arm(rules []FaultRule) ([]*ruled, error) {
	out := make([]*ruled, len(rules))
	for i, r := range rules {
		if !(r.Rate >= 0 && r.Rate <= 1) {
			return nil, fmt.Errorf("mock: Faults[%d].Rate: %v is not a share between 0 and 1", i, r.Rate)
		}
		out[i] = &ruled{FaultRule: r}
		for _, id := range r.IDs {
			ids := FaultIDs(id)
			if len(ids) == 0 {
				return nil, fmt.Errorf("mock: Faults[%d].IDs: %w", i, noFault(id))
			}
			for _, id := range ids {
				if f := faultByID[id]; !slices.Contains(out[i].faults, f) {
					out[i].faults = append(out[i].faults, f)
				}
			}
		}
		if len(out[i].faults) == 0 {
			return nil, fmt.Errorf("mock: Faults[%d].IDs: empty; name at least one fault", i)
		}
	}
	return out, nil
}

func noFault(id string) error {
	if f := faultByID[id]; f != nil {
		return fmt.Errorf("fault %s (%s) is not for a server to cause", id, f.Name)
	}
	return fmt.Errorf("there is no fault %.32q; mock.Faults lists those there are", id)
}

// meets says whether a call meets the rule, and with which fault.
func (r *ruled) meets(x *exchange, index int) *Fault {
	e := x.entry
	if r.Model != "" && r.Model != x.model.ID {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	since := e.Arrived.Sub(x.s.began)
	draw := rand.New(rand.NewPCG(x.s.seed^x.hash, uint64(index)<<32|uint64(e.Attempt)))
	share := draw.Float64()
	switch {
	case len(r.Calls) > 0 && !slices.Contains(r.Calls, r.calls),
		r.Attempts > 0 && e.Attempt > r.Attempts,
		since < r.From || r.To > 0 && since >= r.To,
		e.Usage.In <= r.Over && r.Over > 0,
		r.Rate > 0 && share >= r.Rate,
		r.Max > 0 && r.made >= r.Max:
		return nil
	}
	r.made++
	return r.faults[draw.IntN(len(r.faults))]
}

// strike lets the call meet a fault.
func (x *exchange) strike() *Error {
	if x.s.wrong != nil {
		return failed(x.s.wrong)
	}
	f := x.asked
	for i, r := range x.s.rules {
		if f != nil {
			break
		}
		f = r.meets(x, i)
	}
	if f == nil {
		return nil
	}
	x.fault, x.entry.Fault = f, f.ID
	f.how(x)
	if x.raw != nil {
		x.entry.Charge = x.fault.Charged
		if !x.entry.Charge {
			x.entry.Usage = Usage{}
		}
	}
	return nil
}

// choose finds the fault that the call itself asks for, and takes it out of
// the model's name.
func (x *exchange) choose() *Error {
	req := &x.entry.Request
	id := strings.TrimSpace(x.r.Header.Get("X-Mock-Fault"))
	if base, suffix, ok := cutLast(req.Model, ":"); ok && x.s.models[req.Model] == nil && x.s.models[base] != nil {
		req.Model = base
		id = suffix
	}
	if id == "" {
		return nil
	}
	f := faultByID[id]
	if f == nil || f.how == nil {
		return bad("X-Mock-Fault", "", "%v", noFault(id))
	}
	x.asked = f
	return nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// attempts counts how often a body came, of the newest bodies.
type attempts struct {
	mu   sync.Mutex
	seen cache[uint64]
}

// maxBodies is how many bodies are remembered, in each of two generations.
const maxBodies = 65_536

func (a *attempts) next(hash uint64) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, _ := a.seen.get(hash)
	a.seen.put(hash, n+1, maxBodies)
	return n + 1
}
