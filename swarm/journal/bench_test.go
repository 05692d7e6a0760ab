//go:build unix

package journal_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/journal"
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

// BenchmarkJournal records results of 100 bytes with 32 places, and resumes the
// run that has them all. A process that finds the file of -keep does the second
// alone, so that its memory can be looked at.
func BenchmarkJournal(b *testing.B) {
	items := make(oneList, *results)
	for i := range items {
		items[i] = "i"
	}
	text := strings.Repeat("x", 100)
	run := func(b *testing.B, path string, want int) {
		cpu, began, calls := cpuTime(), time.Now(), make(chan struct{}, len(items))
		j, err := journal.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		s := swarm.Swarm{Planner: items, Journal: j, Rounds: 1, Worker: swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
			calls <- struct{}{}
			return swarm.Say(text), nil
		})}
		a, err := s.Run(b.Context(), swarm.Task{Goal: "measure"})
		if err != nil || len(calls) != want || a.Coverage.Done != len(items) {
			b.Fatal(err, len(calls), a.Coverage)
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
		n := float64(len(items))
		b.ReportMetric(n/time.Since(began).Seconds(), "subtasks/s")
		b.ReportMetric((cpuTime()-cpu).Seconds()*1e6/n, "cpu-µs/subtask")
		b.ReportMetric(0, "ns/op")
	}
	path := filepath.Join(b.TempDir(), "j.db")
	if *keep != "" {
		path = *keep
	}
	if _, err := os.Stat(path); err != nil {
		b.Run("record", func(b *testing.B) {
			for i := range b.N {
				if i > 0 {
					path = filepath.Join(b.TempDir(), "j.db")
				}
				run(b, path, len(items))
				info, err := os.Stat(path)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(info.Size())/float64(len(items)), "disk-B/subtask")
			}
		})
	}
	b.Run("resume", func(b *testing.B) {
		for range b.N {
			run(b, path, 0)
		}
		status, _ := os.ReadFile("/proc/self/status")
		if _, most, ok := strings.Cut(string(status), "VmHWM:"); ok {
			var kB float64
			fmt.Sscan(most, &kB)
			b.ReportMetric(kB/1024, "process-MB")
		}
	})
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
