package main

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/source"
)

// goTexts are size bytes of the Go distribution's own text, a text for each file:
// those of doc, then those of src, in the order of their names.
func goTexts(tb testing.TB, size int) *documents {
	tb.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		tb.Skip("there is no go command to ask for its text:", err)
	}
	d := &documents{}
	for _, dir := range []string{"doc", "src"} {
		from := os.DirFS(filepath.Join(strings.TrimSpace(string(root)), dir))
		err := fs.WalkDir(from, ".", func(path string, e fs.DirEntry, err error) error {
			if ext := filepath.Ext(path); err != nil || e.IsDir() || ext != ".go" && ext != ".html" {
				return err
			}
			data, err := fs.ReadFile(from, path)
			if err != nil {
				return err
			}
			left := size - d.size()
			if left <= 0 {
				return fs.SkipAll
			}
			text, err := source.Decode(dir+"/"+path, bytes.ToValidUTF8(data[:min(len(data), left)], nil))
			if err == nil { // else a test's file that is no text
				d.texts = append(d.texts, text)
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	if d.size() < size-4 { // the last character may be cut
		tb.Skipf("the Go distribution's text has %d bytes, not %d", d.size(), size)
	}
	return d
}

// lookingUp reads only what an index finds for the question.
type lookingUp struct{ *planner.LLM }

func (lookingUp) Plan(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
	return add(swarm.Step{ID: "find", Do: "Find what answers the question in the item.", Over: swarm.Items, Items: []string{b.Task.Goal}, Lookup: 8})
}

// BenchmarkCost asks the mock a question about files of three sizes in all. x/alone is
// what the run cost over what the large model alone would cost, at the mock's dated
// prices: where the plan that the model writes reads all, where a fixed plan does, and
// where a fixed plan reads what it looks up.
func BenchmarkCost(b *testing.B) {
	for _, c := range []struct {
		name string
		size int
	}{{"100KB", 100e3}, {"1MB", 1e6}, {"10MB", 10e6}} {
		docs := goTexts(b, c.size)
		b.Run(c.name, func(b *testing.B) {
			costOf(b, docs, func(l *planner.LLM) swarm.Planner { return l })
		})
		b.Run(c.name+"-fixed", func(b *testing.B) {
			costOf(b, docs, func(l *planner.LLM) swarm.Planner { return short{l} })
		})
		b.Run(c.name+"-lookup", func(b *testing.B) {
			costOf(b, docs, func(l *planner.LLM) swarm.Planner { return lookingUp{l} })
		})
	}
}

func costOf(b *testing.B, docs *documents, plan func(*planner.LLM) swarm.Planner) {
	s, err := parse(nil, io.Discard)
	if err != nil {
		b.Fatal(err)
	}
	s.paced = false
	sources, err := docs.chunk(s.chunkSize(docs.size()))
	if err != nil {
		b.Fatal(err)
	}
	m, err := connect(s, noEnv)
	if err != nil {
		b.Fatal(err)
	}
	defer m.close()
	sw := swarm.Swarm{Planner: plan(m.planner), Worker: m.worker, Concurrency: s.workers, Reducer: m.reducer}
	var a *swarm.Answer
	for b.Loop() {
		if a, err = sw.Run(b.Context(), swarm.Task{Goal: specQuestion, Sources: sources}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(a.Report.Usage.Cost.Dollars()/a.Report.Alone.Dollars(), "x/alone")
}

func TestTheSwarmCostsLittleOfLongTextsAndOfShortOnesNotMuchMore(t *testing.T) {
	slow(t)
	for size, most := range map[int]float64{3000: 1.5, 4500: 1.5, 9000: 1.5, 14_000: 1.5, 1e6: 0.1} {
		var text strings.Builder
		for _, d := range goTexts(t, size).texts {
			text.WriteString(d.Body)
		}
		r := ask(t, "-q", specQuestion, "-file", file(t, "go.txt", text.String()))
		if r.Report.Cost == nil || r.Report.Alone == nil || *r.Report.Cost > most**r.Report.Alone {
			t.Errorf("%d bytes: cost %v, the large model alone %v: more than %v times it", size, *r.Report.Cost, *r.Report.Alone, most)
		}
	}
}
