package fault

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Rule lets calls meet faults; see mock.FaultRule.
type Rule struct {
	IDs       []string
	Model     string
	Rate      float64
	Attempts  int
	Calls     []int
	From, To  time.Duration
	Over, Max int
}

// Armed is a rule at work. It is safe for concurrent use.
type Armed struct {
	Rule
	faults []*Fault

	mu          sync.Mutex
	calls, made int
}

// Arm checks rule i and makes it ready.
func Arm(i int, r Rule) (*Armed, error) {
	if !(r.Rate >= 0 && r.Rate <= 1) {
		return nil, fmt.Errorf("mock: Faults[%d].Rate: %v is not a share between 0 and 1", i, r.Rate)
	}
	out := &Armed{Rule: r}
	for _, expression := range r.IDs {
		ids := IDs(expression)
		if len(ids) == 0 {
			return nil, fmt.Errorf("mock: Faults[%d].IDs: %w", i, Unknown(expression))
		}
		for _, id := range ids {
			if f := byID[id]; !slices.Contains(out.faults, f) {
				out.faults = append(out.faults, f)
			}
		}
	}
	if len(out.faults) == 0 {
		return nil, fmt.Errorf("mock: Faults[%d].IDs: empty; name at least one fault", i)
	}
	return out, nil
}

// Unknown says why no call can meet a fault.
func Unknown(id string) error {
	if f := byID[id]; f != nil {
		return fmt.Errorf("fault %s (%s) is not for a server to cause", id, f.Name)
	}
	return fmt.Errorf("there is no fault %.32q; mock.Faults lists those there are", id)
}

// Meets says which fault a call meets by the rule; nil: none. since is when it
// arrived, index the rule's place.
func (r *Armed) Meets(x *Call, since time.Duration, seed uint64, index int) *Fault {
	if r.Model != "" && r.Model != x.Model {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	draw := rand.New(rand.NewPCG(seed^x.Hash, uint64(index)<<32|uint64(x.Attempt)))
	share := draw.Float64()
	switch {
	case len(r.Calls) > 0 && !slices.Contains(r.Calls, r.calls),
		r.Attempts > 0 && x.Attempt > r.Attempts,
		since < r.From || r.To > 0 && since >= r.To,
		x.Tokens <= r.Over && r.Over > 0,
		r.Rate > 0 && share >= r.Rate,
		r.Max > 0 && r.made >= r.Max:
		return nil
	}
	r.made++
	return r.faults[draw.IntN(len(r.faults))]
}
