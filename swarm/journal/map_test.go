package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/journal"
	"github.com/db31e724/go-swarm/swarm/typed"
)

type (
	in  struct{}
	out struct {
		Double int `json:"double"`
	}
)

func asRecord(v any) swarm.Output {
	data, _ := json.Marshal(v)
	return swarm.Output{Findings: []swarm.Finding{{Text: "x", Data: data, Confidence: 0.5}}}
}

func allOf(results iter.Seq2[typed.Result[in, out], error]) (rs []typed.Result[in, out], err error) {
	for r, e := range results {
		if e != nil {
			return rs, e
		}
		rs = append(rs, r)
	}
	return rs, nil
}

// TestMapGoesOn cuts a Map off after some calls, and runs it again: with one item
// in each call, and with packs of which a record is wrong.
func TestMapGoesOn(t *testing.T) {
	const first4, inFlight = 4, 2
	for pack, calls := range map[int]int32{1: 21, 4: 8} { // of one that is not cut off
		path := filepath.Join(t.TempDir(), "j.db")
		var made, left atomic.Int32
		var failing atomic.Bool
		var stop context.CancelFunc
		worker := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			if left.Add(-1) < 0 {
				stop()
				return swarm.Output{}, ctx.Err()
			}
			made.Add(1)
			if st.Pack > 1 {
				var values []swarm.Finding
				for n := 1; n <= st.Pack; n++ {
					if st.Index+n-1 != 7 && st.Index+n-1 != 9 { // two are left out
						values = append(values, asRecord(map[string]any{"item": n, "value": out{2 * (st.Index + n - 1)}}).Findings...)
					}
				}
				return swarm.Output{Findings: values}, nil
			}
			if st.Index == 7 && failing.Load() {
				return swarm.Output{}, errors.New("broken")
			}
			if st.Index == 9 && len(st.Feedback) == 0 {
				return asRecord(out{-1}), nil
			}
			return asRecord(out{2 * st.Index}), nil
		}
		run := func(most int32) ([]typed.Result[in, out], error) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stop = cancel
			made.Store(0)
			left.Store(most)
			j, err := journal.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer j.Close()
			right := func(_ in, o out) string {
				if o.Double < 0 {
					return "is negative"
				}
				return ""
			}
			return allOf(typed.Map[in, out](ctx, swarm.WorkerFunc(worker), slices.Values(make([]in, 20)), "double it",
				typed.WithPack(pack), typed.WithConcurrency(inFlight), typed.InOrder(), typed.WithJournal(j), typed.WithChecks(right)))
		}
		failing.Store(true)
		if _, err := run(first4); err == nil {
			t.Fatal("it was not cut off")
		}
		first, err := run(1000)
		if err != nil || len(first) != 20 || first[7].Err == nil || first[9].Out.Double != 18 {
			t.Fatalf("pack %d: %v %+v", pack, err, first)
		}
		second := made.Load()
		failing.Store(false)
		again, err := run(1000)
		if err != nil || made.Load() != 1 || again[7].Out.Double != 14 {
			t.Errorf("pack %d: of what had failed alone there are %d calls, %v, %+v", pack, made.Load(), err, again[7])
		}
		first[7], again[7] = typed.Result[in, out]{}, typed.Result[in, out]{}
		if !reflect.DeepEqual(first, again) {
			t.Errorf("pack %d:\n%+v\n%+v", pack, first, again)
		}
		if _, err = run(1000); err != nil || made.Load() != 0 {
			t.Errorf("pack %d: %d calls of a Map that has ended, %v", pack, made.Load(), err)
		}
		if first4+second > calls+inFlight {
			t.Errorf("pack %d: %d calls after the cut, of %d", pack, second, calls)
		}
	}
}

// TestMapYieldsAllThatIsRecordedOnceItsBudgetIsUsedUp has an item fail in a run that
// uses up its budget later, so that a rerun meets the budget at that item, before
// those that are recorded.
func TestMapYieldsAllThatIsRecordedOnceItsBudgetIsUsedUp(t *testing.T) {
	const most, items = 20, 50
	for _, pack := range []int{1, 5} {
		for _, more := range [][]typed.Option{nil, {typed.InOrder()}} {
			j, err := journal.Open(filepath.Join(t.TempDir(), "j.db"))
			if err != nil {
				t.Fatal(err)
			}
			calls, read, broken := 0, 0, true
			worker := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
				if st.Pack > 1 && st.Index == 5 { // its items are asked for alone
					return swarm.Output{}, &swarm.CallError{Class: swarm.ClassTooLong}
				}
				calls++ // one at a time
				call, err := swarm.Reserve(ctx, swarm.Call{Model: "m"})
				if err != nil {
					return swarm.Output{}, err
				}
				call.Settle(swarm.Usage{In: 1}, nil)
				if st.Index < 4 && broken {
					return swarm.Output{}, &swarm.CallError{Class: swarm.ClassAuth} // all of a pack
				}
				if st.Pack == 0 {
					return asRecord(out{2 * st.Index}), nil
				}
				var o swarm.Output
				for n := range st.Pack {
					o.Findings = append(o.Findings, asRecord(map[string]any{"item": n + 1, "value": out{2 * (st.Index + n)}}).Findings...)
				}
				return o, nil
			}
			run := func(n, most int) (at []int, failed int, err error) {
				calls, read = 0, 0
				seq := func(yield func(in) bool) {
					for read < n {
						if read++; !yield(in{}) {
							return
						}
					}
				}
				opts := append([]typed.Option{typed.WithPack(pack), typed.WithConcurrency(1), typed.WithJournal(j), typed.WithBudget(swarm.Budget{Calls: most})}, more...)
				rs, err := allOf(typed.Map[in, out](t.Context(), swarm.WorkerFunc(worker), seq, "double it", opts...))
				for _, r := range rs {
					if r.Err != nil {
						failed++
						continue
					}
					if r.Out.Double != 2*r.Index {
						t.Errorf("%+v", r)
					}
					at = append(at, r.Index)
				}
				return at, failed, err
			}
			endless := 1 << 40
			first, failed, err := run(endless, most)
			over, ok := errors.AsType[*swarm.BudgetError](err)
			if !ok || over.Limit != "calls" || len(first) < 15 || failed < 4 || failed > 5 || read > 200 {
				t.Fatalf("pack %d: %v: %d results, %d failed, %d read", pack, err, len(first), failed, read)
			}
			broken = false
			for range 2 {
				again, failed, err := run(items+first[len(first)-1], most)
				told := fmt.Sprintf("%d of the %d items", read-len(first), read)
				if _, ok := errors.AsType[*swarm.BudgetError](err); !ok || !strings.Contains(err.Error(), told) || !slices.Equal(again, first) || failed > 0 || calls != 1 {
					t.Errorf("pack %d: %v, want %q: %d failed, %d calls, results %v, want %v", pack, err, told, failed, calls, again, first)
				}
			}
			if rest, failed, err := run(items+first[len(first)-1], 1000); err != nil || failed > 0 || len(rest) != read {
				t.Errorf("pack %d: with a larger budget: %v: %d of %d, %d failed", pack, err, len(rest), read, failed)
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
