package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"path/filepath"
	"reflect"
	"slices"
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
