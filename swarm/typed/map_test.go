package typed_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/typed"
)

type in struct {
	N    int    `json:"n"`
	Text string `json:"text"`
}

type out struct {
	Double int `json:"double"`
}

func ins(n int) iter.Seq[in] {
	return func(yield func(in) bool) {
		for i := range n {
			if !yield(in{N: i, Text: "<a note>"}) {
				return
			}
		}
	}
}

// record is an output of one record.
func record(v any) swarm.Output {
	data, _ := json.Marshal(v)
	return swarm.Output{Findings: []swarm.Finding{{Text: "x", Data: data, Confidence: 0.5}}}
}

// double is a worker that takes one item at a time.
func double(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
	var v in
	if err := json.Unmarshal([]byte(st.Item), &v); err != nil {
		return swarm.Output{}, err
	}
	return record(out{2 * v.N}), nil
}

// all collects the results of a Map by index, and its last error.
func all[In, Out any](t *testing.T, results iter.Seq2[typed.Result[In, Out], error]) (rs []typed.Result[In, Out], err error) {
	t.Helper()
	for r, e := range results {
		if err != nil {
			t.Errorf("a pair after the error: %+v", r)
		}
		if err = e; e == nil {
			rs = append(rs, r)
		}
	}
	slices.SortFunc(rs, func(a, b typed.Result[In, Out]) int { return a.Index - b.Index })
	for i, r := range rs {
		if r.Index != i {
			t.Fatalf("result %d has index %d", i, r.Index)
		}
	}
	return rs, err
}

func TestEachItemHasItsResult(t *testing.T) {
	var seen atomic.Pointer[swarm.Subtask]
	rs, err := all(t, typed.Map[in, out](t.Context(), swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		seen.Store(&st)
		return double(ctx, st)
	}), ins(100), "Double it."))
	if err != nil || len(rs) != 100 {
		t.Fatal(err, len(rs))
	}
	for i, r := range rs {
		if r.Err != nil || r.Out.Double != 2*i || r.In.N != i || r.Confidence != 0.5 {
			t.Errorf("%+v", r)
		}
	}
	st := seen.Load()
	if st.Step.Do != "Double it." || !st.Step.Must || st.Pack != 0 || !strings.Contains(st.Item, `"text":"<a note>"`) || st.Goal != "" {
		t.Errorf("%+v %+v", st, st.Step)
	}
}

func TestResultsComeAsTheyEndOrInOrder(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			opts := []typed.Option{typed.WithConcurrency(4)}
			if ordered {
				opts = append(opts, typed.InOrder())
			}
			var most, now atomic.Int64
			var order []int
			for r, err := range typed.Map[in, out](t.Context(), swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
				if n := now.Add(1); n > most.Load() { // those that follow wait until all sleep
					most.Store(n)
				}
				if st.Index == 0 {
					time.Sleep(time.Hour)
				}
				time.Sleep(time.Duration(st.Index) * time.Millisecond)
				now.Add(-1)
				return double(ctx, st)
			}), ins(200), "x", opts...) {
				if err != nil || r.Err != nil {
					t.Fatal(err, r.Err)
				}
				order = append(order, r.Index)
			}
			if slices.IsSorted(order) != ordered || len(order) != 200 || most.Load() != 4 || !ordered && order[199] != 0 {
				t.Errorf("in order: %t; most at once %d: %v", ordered, most.Load(), order)
			}
		})
	}
}

func TestErrorsPanicsAndSilenceAreTheItemsOwn(t *testing.T) {
	rs, err := all(t, typed.Map[in, out](t.Context(), swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		switch st.Index {
		case 1:
			return swarm.Output{}, errors.New("no luck")
		case 2:
			panic("oh")
		case 3:
			return swarm.Output{}, nil
		case 4:
			return swarm.Say("no JSON"), nil
		case 5:
			runtime.Goexit()
		case 6:
			return swarm.Say(`{"double":12}`), nil
		case 7:
			v, _ := double(ctx, st)
			return swarm.Output{Findings: append(v.Findings, v.Findings...), Doubts: []string{"hm"}}, nil
		}
		return double(ctx, st)
	}), ins(9), "x"))
	if err != nil || len(rs) != 9 {
		t.Fatal(err, len(rs))
	}
	for i, want := range []string{"", "no luck", "panic", "typed: there is no record", "invalid character", "Goexit", "", "", ""} {
		switch r := rs[i]; {
		case want == "" && (r.Err != nil || r.Out.Double != 2*i):
			t.Errorf("%+v", r)
		case want != "" && (r.Err == nil || !strings.Contains(r.Err.Error(), want)):
			t.Errorf("item %d: %v, want %q", i, r.Err, want)
		}
	}
	if !errors.Is(rs[3].Err, typed.ErrNone) || !slices.Equal(rs[7].Doubts, []string{"hm", "of 2 records the first was taken"}) {
		t.Errorf("%v %+v", rs[3].Err, rs[7].Doubts)
	}
}

func TestBreakingOutEndsTheCallsAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		working, taken := atomic.Int64{}, 0
		items := func(yield func(in) bool) {
			for i := range ins(1000) {
				taken++
				if !yield(i) {
					return
				}
			}
		}
		w := swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			working.Add(1)
			defer working.Add(-1)
			if st.Index > 0 {
				<-ctx.Done()
				time.Sleep(time.Second)
			}
			return double(ctx, st)
		})
		for _, leave := range []func(){func() {}, func() { panic("in the loop") }} {
			func() {
				defer func() { _ = recover() }()
				for r, err := range typed.Map[in, out](t.Context(), w, items, "x", typed.WithConcurrency(3)) {
					if err != nil || r.Index != 0 {
						t.Fatal(r, err)
					}
					leave()
					break
				}
			}()
			if working.Load() != 0 || taken > 10 {
				t.Errorf("%d still work, %d were taken", working.Load(), taken)
			}
			taken = 0
		}
	})
}

func TestCancelEndsWithItsCauseAndEveryTakenItemHasAResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(10*time.Second, func() { cancel(stop) })
		taken := 0
		items := func(yield func(in) bool) {
			for i := range ins(1000) {
				if taken++; !yield(i) {
					return
				}
			}
		}
		rs, err := all(t, typed.Map[in, out](ctx, swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			select {
			case <-time.After(3 * time.Second):
				return double(ctx, st)
			case <-ctx.Done():
				return swarm.Output{}, context.Cause(ctx)
			}
		}), items, "x", typed.WithConcurrency(2)))
		if !errors.Is(err, stop) || !errors.Is(err, context.Canceled) || len(rs) != taken || taken > 10 {
			t.Errorf("%v: %d results of %d", err, len(rs), taken)
		}
		for i, r := range rs {
			if (r.Err == nil) != (i < 6) {
				t.Errorf("%d: %v", i, r.Err)
			}
		}
	})
}

func TestAPanicOfTheSequenceOrACheckIsToldAndNothingHangs(t *testing.T) {
	items := func(yield func(in) bool) {
		for i := range ins(5) {
			yield(i)
		}
		panic("no more")
	}
	rs, err := all(t, typed.Map[in, out](t.Context(), swarm.WorkerFunc(double), items, "x"))
	if p, ok := errors.AsType[*swarm.PanicError](err); !ok || p.Value != "no more" || len(rs) != 5 {
		t.Errorf("%v %d", err, len(rs))
	}
	rs, err = all(t, typed.Map[in, out](t.Context(), swarm.WorkerFunc(double), ins(2), "x", typed.WithChecks(func(in, out) string { panic("bad check") })))
	if p, ok := errors.AsType[*swarm.PanicError](rs[0].Err); err != nil || !ok || p.Value != "bad check" {
		t.Errorf("%v %v", err, rs[0].Err)
	}
}

func TestWhatCannotBeIsToldAtOnce(t *testing.T) {
	w := swarm.WorkerFunc(double)
	wrong := typed.WithChecks(func(string, out) string { return "" })
	for want, m := range map[string]iter.Seq2[typed.Result[in, out], error]{
		"needs a worker":       typed.Map[in, out](t.Context(), nil, ins(1), "x"),
		"Map: do is empty":     typed.Map[in, out](t.Context(), w, ins(1), " "),
		"negative":             typed.Map[in, out](t.Context(), w, ins(1), "x", typed.WithPack(-1)),
		"a check is a func(st": typed.Map[in, out](t.Context(), w, ins(1), "x", wrong),
	} {
		if rs, err := all(t, m); err == nil || !strings.Contains(err.Error(), want) || len(rs) > 0 {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := all(t, typed.Map[in, map[string]int](t.Context(), w, ins(1), "x")); err == nil || !strings.Contains(err.Error(), "map") {
		t.Error(err)
	}
	if rs, err := all(t, typed.Map[func(), out](t.Context(), w, slices.Values([]func(){nil}), "x")); err != nil || rs[0].Err == nil {
		t.Error(rs, err)
	}
}

func TestChecksTellTheirFaultOnce(t *testing.T) {
	var calls atomic.Int64
	w := swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		calls.Add(1)
		switch fb := st.Feedback; {
		case st.Index == 1 && len(fb) == 0:
			return record(out{-1}), nil
		case st.Index == 1 && (fb[0].Wrong != "it is negative" || fb[0].Said != `{"double":-1}`):
			return swarm.Output{}, fmt.Errorf("told %+v", fb)
		case st.Index == 2 && len(fb) == 0:
			return record(out{-2}), nil
		case st.Index == 2:
			return record(out{-3}), nil
		case st.Index == 3 && len(fb) == 0:
			return record(out{-4}), nil
		case st.Index == 3:
			return swarm.Output{}, errors.New("gone")
		}
		return double(ctx, st)
	})
	rs, err := all(t, typed.Map[in, out](t.Context(), w, ins(4), "x", typed.WithChecks(func(_ in, o out) string {
		if o.Double < 0 {
			return "it is negative"
		}
		return ""
	})))
	if err != nil || calls.Load() != 7 {
		t.Fatal(err, calls.Load())
	}
	for i, want := range []out{{0}, {2}, {-3}, {-4}} {
		if rs[i].Err != nil || rs[i].Out != want || (len(rs[i].Doubts) > 0) != (i > 1) {
			t.Errorf("%d: %+v", i, rs[i])
		}
	}
}

// Hundreds of thousands of items pass through a little memory.
func TestItemsFlowThroughInConstantMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const n = 300_000
	var live, before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most uint64
	got := 0
	for r, err := range typed.Map[in, out](t.Context(), swarm.WorkerFunc(double), ins(n), "x", typed.InOrder()) {
		if err != nil || r.Err != nil || r.Index != got || r.Out.Double != 2*got {
			t.Fatal(err, r)
		}
		if got++; got%30_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&live)
			most = max(most, live.HeapAlloc)
		}
	}
	if grown := int64(most) - int64(before.HeapAlloc); got != n || grown > 4<<20 {
		t.Errorf("%d results, %d KB are held at most", got, grown>>10)
	}
}
