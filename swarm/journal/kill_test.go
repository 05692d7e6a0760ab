package journal_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/journal"
	"github.com/db31e724/go-swarm/swarm/swarmtest"
)

var kills = flag.Int("kills", 5, "how many times TestKilled kills the run")

const items = 400

// live is one life of the run that is killed: it notes each subtask that it
// begins, and writes the answer where it comes to the end.
func live(ctx context.Context, dir string) error {
	begun, err := os.OpenFile(filepath.Join(dir, "begun"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	list := make([]string, items)
	for i := range list {
		list[i] = fmt.Sprint("item ", i)
	}
	j, err := journal.Open(filepath.Join(dir, "j.db"))
	if err != nil {
		return err
	}
	s := swarm.Swarm{
		Journal: j, Concurrency: 16, Rounds: 2,
		Planner: &swarmtest.Planner{Rounds: []swarmtest.Round{
			{Steps: []swarm.Step{
				{ID: "a", Do: "a", Over: swarm.Items, Items: list},
				{ID: "b", Do: "b", Over: swarm.Each, Of: "a"},
				{ID: "c", Do: "c", Needs: []string{"b"}},
			}, Pause: 10 * time.Millisecond, Verdict: swarm.Verdict{Status: swarm.ReadMore, Missing: "more"}},
			{Steps: []swarm.Step{{ID: "d", Do: "d", Over: swarm.Items, Items: list[:50]}}, Pause: time.Millisecond},
		}},
		Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			fmt.Fprintln(begun, st.ID())
			time.Sleep(time.Duration(1+st.Index%9) * time.Millisecond)
			text := st.Step.Do + " " + st.Item
			for i := range st.From {
				text += st.From[i].Out.Text()[:1]
			}
			return swarm.Say(text), nil
		}),
	}
	a, err := s.Run(ctx, swarm.Task{Goal: "survive"})
	if err != nil {
		return err
	}
	if err := j.Close(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "answer"), []byte(a.Text), 0o600)
}

// recorded reads which results a journal holds, and looks at the whole file; in a
// copy, so that what a kill left is mended by the next life alone.
func recorded(t *testing.T, path string) map[string]string {
	t.Helper()
	had := map[string]string{}
	db, err := sql.Open("sqlite", copied(t, path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var state string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&state); err != nil || state != "ok" {
		t.Fatal("corrupt:", state, err)
	}
	rows, err := db.Query("SELECT step || '/' || idx, data FROM records WHERE kind='result'")
	if err != nil { // it was killed before it made the table
		return had
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var data sql.RawBytes
		if err := rows.Scan(&id, &data); err != nil {
			t.Fatal(err)
		}
		had[id] = string(data)
	}
	return had
}

// copied copies a journal's files and returns the path.
func copied(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	for _, end := range [...]string{"", "-wal"} {
		data, err := os.ReadFile(path + end)
		if err == nil {
			err = os.WriteFile(to+end, data, 0o600)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	return to
}

// TestKilled kills a run at random instants, with kill -9, and looks at each
// time whether something is lost, corrupt, or begun again though it was recorded.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("JOURNAL_KILLED"); dir != "" {
		if err := live(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		return
	}
	process := func(dir string) *exec.Cmd {
		c := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		c.Env = append(os.Environ(), "JOURNAL_KILLED="+dir)
		return c
	}
	whole, dir := t.TempDir(), t.TempDir()
	began := time.Now()
	if out, err := process(whole).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	took := time.Since(began)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	had := map[string]string{}
	killed, again, ended := 0, 0, false
	for killed < *kills && !ended {
		c := process(dir)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(took/20+time.Duration(random.Int64N(int64(took)/3)), func() { c.Process.Kill() })
		ended = c.Wait() == nil
		kill.Stop()
		killed++
		begun, _ := os.ReadFile(filepath.Join(dir, "begun"))
		os.Remove(filepath.Join(dir, "begun"))
		for _, id := range strings.Fields(string(begun)) {
			if _, ok := had[id]; ok {
				again++
				t.Errorf("seed %d: life %d: %s was begun again though it was recorded", seed, killed, id)
			}
		}
		now := recorded(t, filepath.Join(dir, "j.db"))
		for id, data := range had {
			if now[id] != data {
				t.Errorf("seed %d: life %d: the result of %s is lost: %q, not %q", seed, killed, id, now[id], data)
			}
		}
		t.Logf("life %d: %d results recorded, %d begun", killed, len(now), len(strings.Fields(string(begun))))
		had = now
		if ended && killed < *kills { // the rest of the kills meet a run that is new
			had, ended = map[string]string{}, false
			os.Remove(filepath.Join(dir, "j.db"))
			os.Remove(filepath.Join(dir, "j.db-wal"))
		}
	}
	if out, err := process(dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want, _ := os.ReadFile(filepath.Join(whole, "answer"))
	got, _ := os.ReadFile(filepath.Join(dir, "answer"))
	if len(got) == 0 || string(got) != string(want) {
		t.Errorf("seed %d: another answer: %.200q, not %.200q", seed, got, want)
	}
	t.Logf("%d kills, %d begun again, seed %d", killed, again, seed)
}
