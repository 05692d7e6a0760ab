package workers_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/workers"
)

// paper is a journal in memory that takes no records after so many (negative: it
// takes all), and none of a kind.
type paper struct {
	mu      sync.Mutex
	left    int
	refused string
	has     map[string][]byte
}

var errTorn = errors.New("the paper is torn")

func (p *paper) Open(context.Context, string) (swarm.Log, error) { return p, nil }
func (p *paper) Close() error                                    { return nil }
func at(r swarm.Record) string                                   { return fmt.Sprintf("%s %s %d %x", r.Kind, r.Step, r.Index, r.Key) }

func (p *paper) Get(r swarm.Record) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.has[at(r)], nil
}

func (p *paper) Put(r swarm.Record) func() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left == 0 || r.Kind == p.refused {
		return func() error { return errTorn }
	}
	p.left--
	p.has[at(r)] = r.Data
	return func() error { return nil }
}

// A run is cut off after each of its records in turn and goes on. What its tool
// paid is never paid again, and the model is told what became of it.
func TestToolsMarkedOnceAreNotCalledAgain(t *testing.T) {
	brain := turns(calls(call("pay", `{"Bill":"rent"}`), call("search", `{"q":"rent"}`)), calls(call("pay", `{"Bill":"gas"}`)), paid)
	refused, whole := 0, false
	for cut := 1; !whole; cut++ {
		made := map[string]int{}
		var mu sync.Mutex
		pay := workers.Tool("pay", "pays a bill", func(_ context.Context, in struct{ Bill string }) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			made[in.Bill]++
			return in.Bill + " is paid", nil
		})
		pay.Once = true
		step := look("7 Quay Road")
		step.Tools = []string{"search", "pay"}
		j := &paper{left: cut, has: map[string][]byte{}}
		run := func() toolRun {
			return withTools(t, workers.Config{Tools: []swarm.Tool{searching(nil), pay}}, swarm.Swarm{Journal: j}, mock.Model{Brain: brain}, step)
		}
		first := run()
		whole = first.err == nil
		j.left = -1
		r := run()
		if r.err != nil {
			t.Fatalf("cut after %d records: %v", cut, r.err)
		}
		if made["rent"] > 1 || made["gas"] > 1 {
			t.Errorf("cut after %d records: paid %v", cut, made)
		}
		if n := len(r.log); n > 0 {
			told := fmt.Sprint(r.log[n-1].Request.Messages)
			if !strings.Contains(told, rent) {
				t.Errorf("cut after %d records: the model lost what search returned: %s", cut, told)
			}
			for _, bill := range []string{"rent", "gas"} {
				if no := strings.Contains(told, "is not made again"); no {
					refused++
				} else if !strings.Contains(told, bill+" is paid") {
					t.Errorf("cut after %d records: the model does not know of %s: %s", cut, bill, told)
				}
			}
		}
	}
	if refused == 0 {
		t.Error("no run was cut off within a payment")
	}
}

// A model that goes another way than in the process before is told so.
func TestACallWithOtherArgumentsIsNotMadeAfterACut(t *testing.T) {
	made := 0
	pay := workers.Tool("pay", "pays a bill", func(_ context.Context, in struct{ Bill string }) (string, error) {
		made++
		return rent, nil
	})
	pay.Once = true
	step := look("7 Quay Road")
	step.Tools = []string{"pay"}
	j := &paper{left: -1, refused: "result", has: map[string][]byte{}}
	run := func(bill string) toolRun {
		brain := turns(calls(call("pay", `{"Bill":"`+bill+`"}`)), paid)
		return withTools(t, workers.Config{Tools: []swarm.Tool{pay}}, swarm.Swarm{Journal: j}, mock.Model{Brain: brain}, step)
	}
	if r := run("rent"); !errors.Is(r.err, errTorn) || made != 1 {
		t.Fatalf("%v, paid %d times", r.err, made)
	}
	j.refused = ""
	r := run("gas")
	if r.err != nil || made != 1 {
		t.Fatalf("%v, paid %d times", r.err, made)
	}
	if told := r.said(len(r.log) - 1); !strings.Contains(told, `{"Bill":"rent"}`) || !strings.Contains(told, "not called again") {
		t.Errorf("the model was told %q", told)
	}
}
