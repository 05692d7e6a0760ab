package journal_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/journal"
	"github.com/db31e724/go-swarm/swarm/swarmtest"
)

func open(t testing.TB, path string) *journal.DB {
	t.Helper()
	j, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestContract(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a file?with #odd% name.db")
	swarmtest.TestJournal(t, func() (swarm.Journal, func() error) {
		j := open(t, path)
		return j, j.Close
	})
}

// put records one thing and closes all.
func put(t testing.TB, path string) {
	t.Helper()
	j := open(t, path)
	l, err := j.Open(t.Context(), "run")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Put(swarm.Record{Kind: "plan", Data: []byte("x")})(), l.Close(), j.Close()); err != nil {
		t.Fatal(err)
	}
}

// exec runs a statement on a file.
func execSQL(t testing.TB, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err == nil {
		_, err = db.Exec(statement)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, path string)
		want  string
	}{
		"newer":   {func(t *testing.T, path string) { put(t, path); execSQL(t, path, "PRAGMA user_version=2") }, "version 2, and this program knows 1"},
		"another": {func(t *testing.T, path string) { execSQL(t, path, "CREATE TABLE t(a)") }, "another program's database"},
		"no file": {func(t *testing.T, path string) {
			os.WriteFile(path, []byte(strings.Repeat("no database ", 999)), 0o600)
		}, "not a database"},
		"no room":  {func(t *testing.T, path string) { os.Mkdir(path, 0o700) }, "open"},
		"too deep": {func(t *testing.T, path string) { os.Chmod(filepath.Dir(path), 0o500) }, "open"},
		"cut":      {func(t *testing.T, path string) { put(t, path); os.Truncate(path, 5000) }, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "too deep" && os.Geteuid() == 0 {
				t.Skip("root writes into all folders")
			}
			path := filepath.Join(t.TempDir(), "j.db")
			c.spoil(t, path)
			before, _ := os.ReadFile(path)
			j, err := journal.Open(path)
			if err == nil {
				j.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%v", err)
			}
			if after, _ := os.ReadFile(path); string(before) != string(after) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestBusy(t *testing.T) {
	if path := os.Getenv("JOURNAL_BUSY"); path != "" {
		_, err := journal.Open(path)
		fmt.Println(errors.Is(err, swarm.ErrBusy), err)
		return
	}
	path := filepath.Join(t.TempDir(), "j.db")
	j := open(t, path)
	if _, err := journal.Open(path); !errors.Is(err, swarm.ErrBusy) {
		t.Error("in this process:", err)
	}
	c := exec.Command(os.Args[0], "-test.run=^TestBusy$", "-test.v")
	c.Env = append(os.Environ(), "JOURNAL_BUSY="+path)
	if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "true journal: open "+path) {
		t.Errorf("in another process: %v\n%s", err, out)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, path)
}

func TestDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	j := open(t, path)
	l, err := j.Open(t.Context(), "run")
	if err != nil {
		t.Fatal(err)
	}
	journal.MostPages(t, j, 40)
	data := make([]byte, 10_000)
	kept := 0
	for ; err == nil && kept < 100; kept++ {
		err = l.Put(swarm.Record{Kind: "result", Index: kept, Data: data})()
	}
	kept-- // the last one failed
	if err == nil || !strings.Contains(err.Error(), "full") || !strings.Contains(err.Error(), path) {
		t.Fatal(err)
	}
	if after := l.Put(swarm.Record{Kind: "result", Index: kept + 1})(); after == nil {
		t.Error("it takes records after one was lost")
	}
	if l.Close() == nil || j.Close() == nil {
		t.Error("closing says nothing of it")
	}
	j = open(t, path)
	defer j.Close()
	if l, err = j.Open(t.Context(), "run"); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for i := range kept + 2 {
		if got, err := l.Get(swarm.Record{Kind: "result", Index: i}); err != nil || (got != nil) != (i < kept) {
			t.Errorf("record %d of %d: %d bytes, %v", i, kept, len(got), err)
		}
	}
}

// TestTornEnd: what a power loss leaves of a commit is cut off, and what was
// committed before stays.
func TestTornEnd(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "j.db")
	j := open(t, path)
	defer j.Close()
	l, err := j.Open(t.Context(), "run")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if err := l.Put(swarm.Record{Kind: "result", Index: i, Data: make([]byte, 3000)})(); err != nil {
			t.Fatal(err)
		}
	}
	// The files as they are on the disk now, and the last commit torn.
	torn := filepath.Join(dir, "torn.db")
	for _, end := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + end)
		if err != nil {
			t.Fatal(err)
		}
		if end == "-wal" {
			data = append(data[:len(data)-5000], make([]byte, 2500)...)
		}
		if err := os.WriteFile(torn+end, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k := open(t, torn)
	defer k.Close()
	m, err := k.Open(t.Context(), "run")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for i := range 5 {
		if got, err := m.Get(swarm.Record{Kind: "result", Index: i}); err != nil || (got != nil) != (i < 4) {
			t.Errorf("record %d: %d bytes, %v", i, len(got), err)
		}
	}
}

func TestMemoFindsResultsOfOtherRuns(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "j.db"))
	defer j.Close()
	calls := 0
	ask := func(j swarm.Journal, goal string) swarm.Report {
		t.Helper()
		s := swarm.Swarm{
			Planner: &swarmtest.Planner{Rounds: []swarmtest.Round{{Steps: []swarm.Step{{ID: "a", Do: "read", Over: swarm.Items, Items: []string{"x", "y"}, Goal: swarm.NoGoal}}}}},
			Worker: swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
				calls++
				return swarm.Say("z"), nil
			}),
			Concurrency: 1, Journal: j,
		}
		a, err := s.Run(t.Context(), swarm.Task{Goal: goal})
		if err != nil {
			t.Fatal(err)
		}
		return a.Report
	}
	for i, c := range []struct {
		journal swarm.Journal
		goal    string
		calls   int // until then
	}{
		{j.Memo("model 1"), "first", 2},
		{j.Memo("model 1"), "second", 2},
		{j.Memo("model 2"), "third", 4},
		{j, "fourth", 6},
	} {
		if r := ask(c.journal, c.goal); calls != c.calls {
			t.Errorf("run %d: %d calls until then, not %d; %d replayed", i, calls, c.calls, r.Replayed)
		}
	}
}
