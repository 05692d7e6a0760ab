package swarmtest_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/swarmtest"
)

func TestFunctionsThatKeepTheContractPass(t *testing.T) {
	for name, f := range map[string]swarm.WorkerFunc{
		"length": func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			return swarm.Say(st.ID()), nil
		},
		"always fails": func(context.Context, swarm.Subtask) (swarm.Output, error) {
			return swarm.Output{}, errors.New("no")
		},
		"waits for its end": func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
			if _, ok := ctx.Deadline(); !ok {
				return swarm.Output{}, nil
			}
			<-ctx.Done()
			return swarm.Output{}, ctx.Err()
		},
		"starts goroutines and waits for them": func(context.Context, swarm.Subtask) (swarm.Output, error) {
			done := make(chan struct{})
			go close(done)
			<-done
			return swarm.Say("done"), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			swarmtest.TestWorker(t, func() swarm.Worker { return f }, swarm.Subtask{Step: &swarm.Step{ID: "1/own", Do: "Do."}})
		})
	}
}

func TestTheScriptedWorkerKeepsTheContract(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		swarmtest.TestWorker(t, func() swarm.Worker {
			return &swarmtest.Worker{Script: func(st swarm.Subtask) swarmtest.Act {
				switch st.Index % 3 {
				case 0:
					return swarmtest.Act{Wait: time.Minute}
				case 1:
					return swarmtest.Act{Err: errors.New("no"), Spends: &swarm.Usage{In: 1}}
				}
				return swarmtest.Act{}
			}}
		})
	})
}

// closing is a worker with goroutines of its own, which Close ends.
type closing struct {
	swarm.WorkerFunc
	quit   chan struct{}
	closes *int
}

func (c closing) Close() error {
	close(c.quit)
	*c.closes++
	return nil
}

func TestWorkersAreClosedBeforeTheirGoroutinesAreCounted(t *testing.T) {
	closes, made := 0, 0
	swarmtest.TestWorker(t, func() swarm.Worker {
		made++
		quit := make(chan struct{})
		return closing{quit: quit, closes: &closes, WorkerFunc: func(context.Context, swarm.Subtask) (swarm.Output, error) {
			go func() { <-quit }()
			return swarm.Say("x"), nil
		}}
	})
	if closes != made {
		t.Errorf("%d of %d workers were closed", closes, made)
	}
}

func TestWorkersThatBreakTheContractAreFound(t *testing.T) {
	breach := func(set func(*swarm.Finding)) swarm.WorkerFunc {
		return func(context.Context, swarm.Subtask) (swarm.Output, error) {
			out := swarm.Say("x", "y")
			set(&out.Findings[1])
			return out, nil
		}
	}
	var changed, changedChunk atomic.Bool
	for _, c := range []struct {
		name   string
		worker swarm.WorkerFunc
		want   string
	}{
		{"panic", func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			return swarm.Say(st.Chunk.Text), nil // nil where no chunk is
		}, "it panicked"},
		{"Goexit", func(context.Context, swarm.Subtask) (swarm.Output, error) {
			runtime.Goexit()
			return swarm.Say("x"), nil
		}, "it ended its goroutine"},
		{"changes a result", func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			if len(st.From) > 0 && !changed.Swap(true) { // once, for others read it later
				st.From[0].Out.Findings[0].Text = "changed"
			}
			return swarm.Say("x"), nil
		}, "it changed the subtask"},
		{"changes a result's chunk", func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			if len(st.From) > 0 && st.From[0].Chunk != nil && !changedChunk.Swap(true) {
				st.From[0].Chunk.Path = "changed"
			}
			return swarm.Say("x"), nil
		}, "it changed the subtask"},
		{"bad UTF-8", breach(func(f *swarm.Finding) { f.Text = "\xff" }), "not valid UTF-8"},
		{"confidence", breach(func(f *swarm.Finding) { f.Confidence = 95 }), "a confidence of 95"},
		{"no number", breach(func(f *swarm.Finding) { f.Confidence = math.NaN() }), "a confidence of NaN"},
		{"offsets", breach(func(f *swarm.Finding) { f.Evidence = []swarm.Citation{{Start: 3, End: 2}} }), "it reaches from 3 to 2"},
		{"outside of the chunk", func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			if st.Chunk == nil {
				return swarm.Say("x"), nil
			}
			return swarm.Output{Findings: []swarm.Finding{{Evidence: []swarm.Citation{{Source: st.Chunk.Source, Chunk: st.Chunk.ID, Start: 0, End: 5}}}}}, nil
		}, "are outside of chunk"},
		{"never in the chunk", func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			if st.Chunk == nil {
				return swarm.Say("x"), nil
			}
			c := st.Chunk
			return swarm.Output{Findings: []swarm.Finding{{Evidence: []swarm.Citation{{
				Source: c.Source, Chunk: c.ID, Start: c.Start, End: c.End, Quote: "pigs fly", Verified: true,
			}}}}}, nil
		}, "it is called verified"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := failuresOf(t, func(tb testing.TB) { swarmtest.TestWorker(tb, func() swarm.Worker { return c.worker }) })
			if !strings.Contains(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

func TestAWorkerThatIgnoresItsContextIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := failuresOf(t, func(tb testing.TB) {
			swarmtest.TestWorker(tb, func() swarm.Worker {
				return swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
					time.Sleep(time.Minute)
					return swarm.Say("x"), nil
				})
			})
		})
		if want := "it had not returned 10s after its context was cancelled"; !strings.Contains(got, want) {
			t.Errorf("found %q, want %q", got, want)
		}
		time.Sleep(time.Minute)
	})
}

func TestAWorkerThatHangsIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quit := make(chan struct{})
		got := failuresOf(t, func(tb testing.TB) {
			swarmtest.TestWorker(tb, func() swarm.Worker {
				return swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
					<-quit
					return swarm.Say("x"), nil
				})
			})
		})
		if want := "it had not returned after 2m0s"; !strings.Contains(got, want) {
			t.Errorf("found %q, want %q", got, want)
		}
		close(quit)
	})
}

func TestGoroutinesThatAWorkerLeavesAreFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quit := make(chan struct{})
		got := failuresOf(t, func(tb testing.TB) {
			swarmtest.TestWorker(tb, func() swarm.Worker {
				return swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
					go func() { <-quit }()
					return swarm.Say("x"), nil
				})
			})
		})
		if want := "are left after all calls have returned"; !strings.Contains(got, want) {
			t.Errorf("found %q, want %q", got, want)
		}
		close(quit)
	})
}
