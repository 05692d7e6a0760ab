package swarmtest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

// TestJournal tests a journal's contract. open opens the journal again, as another
// process would after the previous one has closed it; closeIt closes it.
// TestJournal fails t if
//
//   - a record does not come back byte for byte, or comes back for another place,
//     key or run;
//   - a later record does not replace an earlier one at the same place;
//   - the log of a run can be opened twice at the same time, or not again after it
//     was closed;
//   - a closed log accepts records, or closing it twice is an error;
//   - it is not safe for concurrent use, as far as the race detector sees.
//
// It does not test a killed process or a full disk.
func TestJournal(t testing.TB, open func() (j swarm.Journal, closeIt func() error)) {
	t.Helper()
	s := newSuite(t, "journal")
	ctx := t.Context()
	j, closeIt := open()
	logOf := func(run string) swarm.Log {
		l, err := j.Open(ctx, run)
		if err != nil {
			t.Fatalf("swarmtest: journal: open the log of %q: %v", run, err)
		}
		return l
	}
	put := func(l swarm.Log, r swarm.Record) {
		if err := l.Put(r)(); err != nil {
			s.failf("put", "%v", err)
		}
	}
	get := func(name string, l swarm.Log, r swarm.Record, want []byte) {
		switch got, err := l.Get(r); {
		case err != nil:
			s.failf(name, "%v", err)
		case (got == nil) != (want == nil) || !bytes.Equal(got, want):
			s.failf(name, "%.60q came back as %.60q", want, got)
		}
	}
	again := func() {
		if err := closeIt(); err != nil {
			s.failf("close", "%v", err)
		}
		j, closeIt = open()
	}

	key := [16]byte{1, 2, 3}
	odd := []swarm.Record{
		{Kind: "result", Step: "1/a", Index: 0, Key: key, Data: []byte("text")},
		{Kind: "result", Step: "1/a", Index: 1, Key: key, Data: []byte("no \xff\x00 text")},
		{Kind: "result", Step: "1/a", Index: 1 << 40, Data: []byte{}},
		{Kind: "plan", Step: "", Data: bytes.Repeat([]byte("long "), 1<<18)},
		{Kind: "other kind", Step: "'; -- \x00 \xff" + strings.Repeat("x", 300), Index: -1, Data: []byte("{}")},
	}
	a, b := logOf("a"), logOf("b")
	get("a new log", a, odd[0], nil)
	for _, r := range odd {
		put(a, r)
	}
	put(b, swarm.Record{Kind: "result", Step: "1/a", Key: key, Data: []byte("of b")})
	if _, err := j.Open(ctx, "a"); !errors.Is(err, swarm.ErrBusy) {
		s.failf("a run that is open", "the error is %v and not ErrBusy", err)
	}
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() { put(b, swarm.Record{Kind: "at once", Index: i, Data: fmt.Append(nil, i)}) })
	}
	all.Wait()
	last := a.Put(swarm.Record{Kind: "last", Data: []byte("nobody waits for it")})
	if err := errors.Join(a.Close(), b.Close(), last()); err != nil {
		s.failf("close", "%v", err)
	}
	if err := a.Close(); err != nil {
		s.failf("close again", "%v", err)
	}
	if a.Put(odd[0])() == nil {
		s.failf("put", "a closed log took a record")
	}
	again()

	a, b = logOf("a"), logOf("b")
	for i, r := range odd {
		get(fmt.Sprintf("odd record %d", i), a, r, r.Data)
	}
	get("the last record", a, swarm.Record{Kind: "last"}, []byte("nobody waits for it"))
	get("a record of another run", b, odd[0], []byte("of b"))
	get("a record of no run", b, odd[1], nil)
	for i := range 200 {
		all.Go(func() { get("at once", b, swarm.Record{Kind: "at once", Index: i}, fmt.Append(nil, i)) })
	}
	all.Wait()
	other := odd[0]
	other.Key[0]++
	get("a record under another key", a, other, nil)
	other.Data = []byte("anew")
	put(a, other)
	if err := errors.Join(a.Close(), b.Close()); err != nil {
		s.failf("close", "%v", err)
	}
	again()

	a = logOf("a")
	get("a record that was replaced", a, other, []byte("anew"))
	get("its old key", a, odd[0], nil)
	if err := errors.Join(a.Close(), closeIt()); err != nil {
		s.failf("close", "%v", err)
	}
}
