//go:build unix

package journal_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/journal"
	"github.com/db31e724/go-swarm/swarm/typed"
)

var (
	results = flag.Int("results", 20_000, "how many results BenchmarkJournal records")
	keep    = flag.String("keep", "", "a `file` that BenchmarkJournal keeps, or finds")
)

// oneList is a planner whose plan is one step over items, and that merges nothing.
type oneList []string

func (l oneList) Plan(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
	return add(swarm.Step{ID: "a", Do: "a", Over: swarm.Items, Items: l})
}

func (l oneList) Window() int { return 0 }

func (l oneList) Merge(context.Context, swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
	return swarm.Verdict{}, nil
}

// BenchmarkJournal records results of 100 bytes with 32 places, and resumes what has
// them all: a run, whose answer holds the results, and a Map, which passes them on. A
// process that finds the file of -keep does the second alone, so that its memory can
// be looked at.
func BenchmarkJournal(b *testing.B) {
	b.Run("run", func(b *testing.B) { journalled(b, runAll) })
	b.Run("map", func(b *testing.B) { journalled(b, mapAll) })
}

// runAll makes n results in a run and returns how many there are.
func runAll(ctx context.Context, j swarm.Journal, n int, w swarm.WorkerFunc) (done int, err error) {
	items := slices.Repeat(oneList{"i"}, n)
	s := swarm.Swarm{Planner: items, Journal: j, Rounds: 1, Worker: w}
	a, err := s.Run(ctx, swarm.Task{Goal: "measure"})
	return a.Coverage.Done, err
}

func mapAll(ctx context.Context, j swarm.Journal, n int, w swarm.WorkerFunc) (done int, err error) {
	type record struct{ Text string }
	worker := swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		out, err := w(ctx, st)
		out.Findings[0].Data, _ = json.Marshal(record{out.Text()})
		out.Findings[0].Text = ""
		return out, err
	})
	items := func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
	for r, err := range typed.Map[int, record](ctx, worker, items, "measure", typed.WithJournal(j), typed.WithPack(1), typed.WithConcurrency(32)) {
		if err := errors.Join(err, r.Err); err != nil {
			return done, err
		}
		done++
	}
	return done, nil
}

func journalled(b *testing.B, make func(context.Context, swarm.Journal, int, swarm.WorkerFunc) (int, error)) {
	text := strings.Repeat("x", 100)
	once := func(b *testing.B, path string, want int) {
		cpu, began := cpuTime(), time.Now()
		j, err := journal.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		var calls atomic.Int64
		done, err := make(b.Context(), j, *results, func(context.Context, swarm.Subtask) (swarm.Output, error) {
			calls.Add(1)
			return swarm.Say(text), nil
		})
		if err != nil || done != *results || int(calls.Load()) != want {
			b.Fatal(err, done, calls.Load())
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
		n := float64(*results)
		b.ReportMetric(n/time.Since(began).Seconds(), "results/s")
		b.ReportMetric((cpuTime()-cpu).Seconds()*1e6/n, "cpu-µs/result")
		b.ReportMetric(0, "ns/op")
		status, _ := os.ReadFile("/proc/self/status")
		if _, most, ok := strings.Cut(string(status), "VmHWM:"); ok {
			var kB float64
			fmt.Sscan(most, &kB)
			b.ReportMetric(kB/1024, "process-MB")
		}
	}
	path := cmp.Or(*keep, filepath.Join(b.TempDir(), "j.db"))
	if _, err := os.Stat(path); err != nil {
		b.Run("record", func(b *testing.B) {
			for i := range b.N {
				if i > 0 {
					path = filepath.Join(b.TempDir(), "j.db")
				}
				once(b, path, *results)
				info, err := os.Stat(path)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(info.Size())/float64(*results), "disk-B/result")
			}
		})
	}
	b.Run("resume", func(b *testing.B) {
		for range b.N {
			once(b, path, 0)
		}
	})
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
