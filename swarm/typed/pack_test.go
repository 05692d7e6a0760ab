package typed_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/swarm/typed"
	"github.com/db31e724/go-swarm/workers"
)

var line = regexp.MustCompile(`(?m)^(\d+): (.*)$`)

// calls is a worker that records what it was asked, and answers packs by answer.
type calls struct {
	mu     sync.Mutex
	seen   []swarm.Subtask
	answer func(item int, v in) any // a finding's data; nil: none
	fail   error                    // of packs
}

func (c *calls) Work(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, st)
	if st.Pack == 0 {
		return double(ctx, st)
	}
	var o swarm.Output
	for _, m := range line.FindAllStringSubmatch(st.Item, -1) {
		n, _ := strconv.Atoi(m[1])
		var v in
		_ = json.Unmarshal([]byte(m[2]), &v)
		if data := c.answer(n, v); data != nil {
			o.Findings = append(o.Findings, record(data).Findings...)
		}
	}
	return o, c.fail
}

func numbered(n, double int) any { return map[string]any{"item": n, "value": out{double}} }

func TestSmallItemsShareACall(t *testing.T) {
	c := &calls{answer: func(n int, v in) any { return numbered(n, 2*v.N) }}
	rs, err := all(t, typed.Map[in, out](t.Context(), c, ins(100), "Double it.", typed.WithConcurrency(1)))
	if err != nil || len(rs) != 100 {
		t.Fatal(err, len(rs))
	}
	for i, r := range rs {
		if r.Err != nil || r.Out.Double != 2*i {
			t.Errorf("%+v", r)
		}
	}
	if len(c.seen) != 4 || c.seen[0].Pack != 32 || c.seen[3].Pack != 4 || !strings.Contains(c.seen[0].Step.Do, "Double it.") || !strings.Contains(string(c.seen[0].Step.Schema), `"item"`) {
		t.Errorf("%d calls", len(c.seen))
	}
	c.seen = nil
	big := slices.Values([]in{{1, strings.Repeat("many words ", 300)}, {2, strings.Repeat("many words ", 300)}, {3, "x"}})
	if rs, err := all(t, typed.Map[in, out](t.Context(), c, big, "x", typed.WithConcurrency(1))); err != nil || len(rs) != 3 || len(c.seen) != 2 || c.seen[0].Pack != 0 || c.seen[1].Pack != 2 {
		t.Errorf("%v: %d calls", err, len(c.seen))
	}
	c.seen = nil
	if _, err := all(t, typed.Map[in, out](t.Context(), c, ins(10), "x", typed.WithPack(1))); err != nil || len(c.seen) != 10 {
		t.Errorf("%v: %d calls", err, len(c.seen))
	}
}

func TestWhatAPackLeavesOutOrHasWrongIsAskedForAlone(t *testing.T) {
	c := &calls{answer: func(n int, v in) any {
		switch v.N {
		case 2:
			return nil // left out
		case 3:
			return map[string]any{"item": n, "value": map[string]any{"double": "six"}} // cannot be read
		case 4:
			return numbered(99, 8) // no such item
		case 5:
			return numbered(n, -10) // fails the check
		case 6:
			return numbered(n+1, 12) // the next one's number
		}
		return numbered(n, 2*v.N)
	}}
	check := func(_ in, o out) string {
		if o.Double < 0 {
			return "it is negative"
		}
		return ""
	}
	rs, err := all(t, typed.Map[in, out](t.Context(), c, ins(10), "x", typed.WithPack(10), typed.WithChecks(check)))
	if err != nil || len(rs) != 10 {
		t.Fatal(err)
	}
	var again []int
	for _, st := range c.seen[1:] {
		again = append(again, st.Index)
		if told := len(st.Feedback) > 0; told != slices.Contains([]int{3, 5}, st.Index) {
			t.Errorf("%d: told %+v", st.Index, st.Feedback)
		}
	}
	if slices.Sort(again); !slices.Equal(again, []int{2, 3, 4, 5, 6, 7}) {
		t.Errorf("asked again: %v", again)
	}
	for i, r := range rs {
		if r.Err != nil || r.Out.Double != 2*i || r.Doubts != nil {
			t.Errorf("%+v", r)
		}
	}
}

func TestAPackThatFailsByItsItemsIsAskedForOneByOne(t *testing.T) {
	for class, n := range map[swarm.Class]int{swarm.ClassTooLong: 6, swarm.ClassCut: 6, swarm.ClassAuth: 1, swarm.ClassOverloaded: 1} {
		c := &calls{answer: func(n int, v in) any { return nil }, fail: &swarm.CallError{Class: class}}
		rs, err := all(t, typed.Map[in, out](t.Context(), c, ins(5), "x", typed.WithPack(5)))
		if err != nil || len(rs) != 5 || len(c.seen) != n || (rs[3].Err == nil) != (n > 1) {
			t.Errorf("%s: %v, %d calls, %v", class, err, len(c.seen), rs[3].Err)
		}
	}
}

// labels is the mock's small model as a careful one: it doubles what it is asked to,
// but for what spoil does to a reply.
func labels(t *testing.T, spoil func(findings []any) []any) (*mock.Server, *workers.Pool) {
	t.Helper()
	small := mock.Small()
	small.Price = &mock.Price{In: 1, Out: 1}
	text := regexp.MustCompile(`"n":(\d+)|note (\d+)`)
	small.Brain = func(_ context.Context, r mock.Request) (mock.Reply, error) {
		prompt := r.Messages[len(r.Messages)-1].Content
		list := []any{}
		add := func(text []string, wrap func(out) any) {
			n, _ := strconv.Atoi(text[1] + text[2])
			list = append(list, map[string]any{"data": wrap(out{2 * n}), "confidence": 1})
		}
		if lines := line.FindAllStringSubmatch(prompt, -1); strings.Contains(prompt, "Items, a numbered line each") {
			for _, m := range lines {
				add(text.FindStringSubmatch(m[2]), func(o out) any {
					n, _ := strconv.Atoi(m[1])
					return map[string]any{"item": n, "value": o}
				})
			}
			list = spoil(list)
		} else {
			add(text.FindStringSubmatch(prompt), func(o out) any { return o })
		}
		reply, err := json.Marshal(map[string]any{"findings": list})
		return mock.Reply{Text: string(reply), Unchecked: true}, err
	}
	s := mock.NewHandler(mock.Config{Models: []mock.Model{small}})
	p, err := workers.NewPool(workers.Config{Backends: []model.Backend{{
		Model: small.ID, BaseURL: "http://mock/v1", Slots: 8, Client: &http.Client{Transport: s.Transport()},
		Price: &swarm.Price{In: swarm.Dollar, Out: swarm.Dollar},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return s, p
}

func whole(list []any) []any { return list }

func notes(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("note %d: the lift in the northern stairwell stood still again this morning and nobody from the office came to see to it", i)
	}
	return all
}

func TestSmallNotesCostLittleMoreThanThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a slow machine would have calls made twice
		s, p := labels(t, whole)
		own := 0
		for _, n := range notes(600) {
			own += swarm.EstimateTokens(n)
		}
		if own < 600*24 || own > 600*30 {
			t.Fatalf("the notes have %d tokens", own)
		}
		var report swarm.Report
		rs, err := all(t, typed.Map[string, out](t.Context(), p, slices.Values(notes(600)), "Double the number of the note.", typed.WithReport(&report), typed.WithConcurrency(p.Slots())))
		if err != nil || len(rs) != 600 {
			t.Fatal(err, len(rs))
		}
		var sum swarm.Usage
		for i, r := range rs {
			if r.Err != nil || r.Out.Double != 2*i {
				t.Fatalf("%+v", r)
			}
			sum = sum.Plus(r.Usage)
		}
		bill := s.Bill()["mock-small"]
		t.Logf("notes of %d tokens in %d calls of %d prompt tokens", own, bill.Calls, bill.Usage.In)
		if bill.Usage.In > 3*own+20_000 {
			t.Errorf("%d prompt tokens for notes of %d", bill.Usage.In, own)
		}
		if report.Usage != sum || sum.In != bill.Usage.In || sum.Calls != bill.Calls || int64(sum.Cost) == 0 || len(report.Models) != 1 {
			t.Errorf("the report has %+v, the results %+v, the bill %+v", report.Usage, sum, bill)
		}
	})
}

func TestOneBadRecordOfAPackCostsOneMoreCall(t *testing.T) {
	s, p := labels(t, func(list []any) []any {
		list[3].(map[string]any)["data"].(map[string]any)["value"] = map[string]any{"double": "many"} // against its schema
		return slices.Delete(list, 5, 6)
	})
	rs, err := all(t, typed.Map[string, out](t.Context(), p, slices.Values(notes(10)), "Double the number of the note."))
	if err != nil || s.Bill()["mock-small"].Calls != 3 {
		t.Fatal(err, s.Bill()["mock-small"].Calls)
	}
	for i, r := range rs {
		if r.Err != nil || r.Out.Double != 2*i || r.Doubts != nil {
			t.Errorf("%+v", r)
		}
	}
}

func TestABudgetStopsTheSequenceAndIsHeld(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s, p := labels(t, whole)
			taken := 0
			items := func(yield func(string) bool) {
				for _, n := range notes(5000) {
					if taken++; !yield(n) {
						return
					}
				}
			}
			var report swarm.Report
			limit := 20 * swarm.Dollar / 1000
			opts := []typed.Option{typed.WithReport(&report), typed.WithBudget(swarm.Budget{Cost: limit})}
			if ordered {
				opts = append(opts, typed.InOrder())
			}
			rs, err := pairs(typed.Map[string, out](t.Context(), p, items, "Double the number of the note.", opts...))
			over, ok := errors.AsType[*swarm.BudgetError](err)
			if !ok || over.Limit != "cost" || len(rs) >= taken || taken == 5000 {
				t.Fatalf("%v: %d results of %d", err, len(rs), taken)
			}
			for _, want := range []string{fmt.Sprintf("%d of the %d items", taken-len(rs), taken), over.Error(), "raise Budget.Cost", "journal"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
			}
			for i, r := range rs {
				if r.Err != nil || r.Out.Double != 2*r.Index || ordered && i > 0 && rs[i-1].Index >= r.Index {
					t.Fatalf("%+v", r)
				}
			}
			spent := report.Usage.Cost
			if spent > limit || spent < limit*7/10 || len(rs) < 200 || swarm.Money(s.Bill()["mock-small"].Cost) != spent {
				t.Errorf("%d done for %v of %v, the bill %v", len(rs), spent, limit, s.Bill()["mock-small"].Cost)
			}
		})
	}
}

// pairs collects the results of a Map as they come, and its last error.
func pairs[In, Out any](results iter.Seq2[typed.Result[In, Out], error]) (rs []typed.Result[In, Out], err error) {
	for r, e := range results {
		if e != nil {
			return rs, e
		}
		rs = append(rs, r)
	}
	return rs, nil
}

// What an item failed by before the time was over is its own error. A worker that
// does not heed its context ends well.
func TestTheTimeOfABudgetEndsItWithOneError(t *testing.T) {
	for _, heeds := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
				ended := ctx.Done()
				if !heeds {
					ended = nil
				}
				select {
				case <-time.After(time.Second):
				case <-ended:
					return swarm.Output{}, ctx.Err()
				}
				if st.Index == 1 {
					return swarm.Output{}, errors.New("no luck")
				}
				return double(ctx, st)
			})
			rs, err := pairs(typed.Map[in, out](t.Context(), w, ins(1000), "x", typed.InOrder(), typed.WithConcurrency(2),
				typed.WithBudget(swarm.Budget{Time: 21 * time.Second})))
			over, ok := errors.AsType[*swarm.BudgetError](err)
			if !ok || over.Limit != "time" || !strings.Contains(err.Error(), "raise Budget.Time") || !strings.Contains(err.Error(), "have no result") {
				t.Errorf("%v", err)
			}
			if len(rs) > 40 || len(rs) != 32 && heeds || rs[1].Err == nil || rs[3].Err != nil {
				t.Errorf("%+v", rs)
			}
		})
	}
}

func TestAPriceThatIsNotKnownIsToldOnce(t *testing.T) {
	w := swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		_, err := swarm.Reserve(ctx, swarm.Call{Model: "m"})
		return swarm.Output{}, err
	})
	rs, err := pairs(typed.Map[in, out](t.Context(), w, ins(1000), "x", typed.WithBudget(swarm.Budget{Cost: swarm.Dollar})))
	if len(rs) > 0 || err == nil || !strings.Contains(err.Error(), "set its Price") || strings.Contains(err.Error(), "raise") {
		t.Errorf("%v: %d results", err, len(rs))
	}
}

func TestMapIsBookedToTheRunAround(t *testing.T) {
	_, p := labels(t, whole)
	s := swarm.Swarm{Planner: once{}, Worker: swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
		rs, err := all(t, typed.Map[string, out](ctx, p, slices.Values(notes(64)), "Double the number of the note."))
		return swarm.Say(fmt.Sprint(len(rs))), err
	})}
	a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
	if err != nil || a.Report.Usage.Calls < 2 || a.Report.Usage.Cost == 0 {
		t.Errorf("%v %+v", err, a.Report.Usage)
	}
}

type once struct{}

func (once) Plan(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
	return add(swarm.Step{ID: "t", Do: "x"})
}
func (once) Window() int { return 0 }
func (once) Merge(context.Context, swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
	return swarm.Verdict{}, nil
}
