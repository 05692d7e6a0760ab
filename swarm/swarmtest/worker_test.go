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
			return swarm.Output{Text: st.ID()}, nil
		},
		"always fails": func(context.Context, swarm.Subtask) (swarm.Output, error) {
			return swarm.Output{}, errors.New("no")
		},
		"waits for its end": func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
			if _, ok := ctx.Deadline(); !ok {
				return swarm.Output{Abstain: true}, nil
			}
			<-ctx.Done()
			return swarm.Output{}, ctx.Err()
		},
		"starts goroutines and waits for them": func(context.Context, swarm.Subtask) (swarm.Output, error) {
			done := make(chan struct{})
			go close(done)
			<-done
			return swarm.Output{Text: "done"}, nil
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
			return swarm.Output{}, nil
		}}
	})
	if closes != made {
		t.Errorf("%d of %d workers were closed", closes, made)
	}
}

func TestWorkersThatBreakTheContractAreFound(t *testing.T) {
	breach := func(set func(*swarm.Output)) swarm.WorkerFunc {
		return func(context.Context, swarm.Subtask) (swarm.Output, error) {
			var out swarm.Output
			set(&out)
			return out, nil
		}
	}
	var changed atomic.Bool
	for _, c := range []struct {
		name   string
		worker swarm.WorkerFunc
		want   string
	}{
		{"panic", func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			return swarm.Output{Text: st.Chunk.Text}, nil // nil where no chunk is
		}, "it panicked"},
		{"Goexit", func(context.Context, swarm.Subtask) (swarm.Output, error) {
			runtime.Goexit()
			return swarm.Output{}, nil
		}, "it ended its goroutine"},
		{"changes a result", func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			if len(st.From) > 0 && !changed.Swap(true) { // once, for others read it later
				st.From[0].Out.Text = "changed"
			}
			return swarm.Output{}, nil
		}, "it changed the subtask"},
		{"bad UTF-8", breach(func(o *swarm.Output) { o.Text = "\xff" }), "not valid UTF-8"},
		{"confidence", breach(func(o *swarm.Output) { o.Confidence = 95 }), "a confidence of 95"},
		{"no number", breach(func(o *swarm.Output) { o.Confidence = math.NaN() }), "a confidence of NaN"},
		{"offsets", breach(func(o *swarm.Output) { o.Citations = []swarm.Citation{{Start: 3, End: 2}} }), "it reaches from 3 to 2"},
		{"outside of the chunk", func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			if st.Chunk == nil {
				return swarm.Output{}, nil
			}
			return swarm.Output{Citations: []swarm.Citation{{Source: st.Chunk.Source, Chunk: st.Chunk.ID, Start: 0, End: 5}}}, nil
		}, "are outside of chunk"},
		{"never in the chunk", func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			if st.Chunk == nil {
				return swarm.Output{}, nil
			}
			c := st.Chunk
			return swarm.Output{Citations: []swarm.Citation{{
				Source: c.Source, Chunk: c.ID, Start: c.Start, End: c.End, Quote: "pigs fly", Verified: true,
			}}}, nil
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
					return swarm.Output{}, nil
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
					return swarm.Output{}, nil
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
					return swarm.Output{}, nil
				})
			})
		})
		if want := "are left after all calls have returned"; !strings.Contains(got, want) {
			t.Errorf("found %q, want %q", got, want)
		}
		close(quit)
	})
}
