package swarm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"slices"
)

// Journal records runs, so that another process can go on with a run that was cut
// off, without paying again for what was recorded. Package
// [github.com/db31e724/go-swarm/swarm/journal] keeps it in a file. Safe for
// concurrent use.
type Journal interface {
	// Open opens or creates the log of a run, exclusively until it is closed. The
	// error is ErrBusy if the log is already open. run is derived from the whole
	// task, so that the same task is the same run.
	Open(ctx context.Context, run string) (Log, error)
}

// Log holds the records of one run, at most one at each place (see [Record]). It
// does not interpret them. Safe for concurrent use.
type Log interface {
	// Get returns the data of the record at the same place and with the same Key as
	// it was when the log was opened, or nil if there was none. It need not find
	// what was Put since then.
	Get(Record) ([]byte, error)
	// Put stores a record and replaces any at the same place. It queues the record
	// without blocking, and records become durable in the order of Put: none
	// without all earlier ones. wait blocks until the record is durable and returns
	// an error if it is not. After an error no more records are stored.
	Put(Record) (wait func() error)
	// Close blocks until all records are durable, or returns an error if they are
	// not.
	Close() error
}

// Record is one entry of a Log. Kind, Step and Index are its place. Key is a hash
// of everything that Data was made from; it is zero if the place alone determines
// that.
type Record struct {
	Kind  string
	Step  string
	Index int
	Key   [16]byte
	Data  []byte
}

// ErrBusy says that somebody else works on the run, in this process or another.
var ErrBusy = errors.New("somebody else is at work on the run")

// Kinds of records.
const (
	recordStep   = "step"   // of a round, by number: a step, as it was added
	recordPlan   = "plan"   // of a round: its plan is closed
	recordResult = "result" // a subtask ended done or abstained
	recordBranch = "branch" // an output of a part of a subtask
	recordWindow = "window" // of a round: the window of its merge
	recordMerge  = "merge"  // of a round: its text and verdict
	recordSpent  = "spent"  // what all calls so far used; replaced by each
)

// history is a run's own part of a log. A nested run's stands in that of the
// outermost run, under its name. A nil history keeps nothing.
type history struct {
	log     Log
	name    string
	earlier spentRecord // by processes before this one
}

type resultRecord struct {
	Output
	Attempts int    `json:"attempts,omitempty"`
	Spent    *Usage `json:"spent,omitempty"`
}

type mergeRecord struct {
	Text    string
	Verdict Verdict
	Missing []string // what was left out to make it fit
}

type spentRecord struct {
	Usage   Usage
	Planner bool   // made some of the calls
	Large   *Price // of its first priced one
	Remote  bool   // some were made elsewhere
}

// openHistory opens the run's log, and counts what earlier processes spent.
func (r *run) openHistory() error {
	if r.outer == nil && r.swarm.Journal == nil || r.outer != nil && r.outer.run.history == nil {
		return nil
	}
	key := taskKey(&r.task)
	if r.outer != nil {
		r.history = &history{log: r.outer.run.history.log, name: r.id[len(r.root):] + "#" + hex.EncodeToString(key[:4]) + " "}
	} else {
		log, err := r.swarm.Journal.Open(r.ctx, hex.EncodeToString(key[:]))
		if err != nil {
			return err
		}
		r.history = &history{log: log}
	}
	e := &r.history.earlier
	if _, err := r.history.get(Record{Kind: recordSpent}, e); err != nil {
		return errors.Join(err, r.closeHistory())
	}
	a := r.account
	a.spent = amount{e.Usage.Cost, e.Usage.Tokens(), e.Usage.Calls}
	a.planning, a.large = e.Planner, e.Large
	a.remote.Store(e.Remote)
	return nil
}

// closeHistory waits until all of the outermost run is durable.
func (r *run) closeHistory() error {
	if r.history == nil || r.outer != nil {
		return nil
	}
	return r.history.log.Close()
}

// get reads what is recorded at a place into v, if there is something.
func (h *history) get(rec Record, v any) (bool, error) {
	if h == nil {
		return false, nil
	}
	rec.Step = h.name + rec.Step
	data, err := h.log.Get(rec)
	if err == nil && data != nil {
		err = decode(data, v)
	}
	if err != nil {
		return false, fmt.Errorf("journal: read %s %s %d: %w", rec.Kind, rec.Step, rec.Index, err)
	}
	return data != nil, nil
}

// put records v. The run ends where it cannot.
func (h *history) put(rec Record, v any) (wait func() error) {
	if h == nil {
		return func() error { return nil }
	}
	rec.Step = h.name + rec.Step
	rec.Data = encode(v)
	return h.log.Put(rec)
}

// putSpent records what the run's calls have used until now. The lock is held.
func (r *run) putSpent() {
	h, done := r.history, &r.events.report
	h.put(Record{Kind: recordSpent}, spentRecord{
		Usage:   done.Earlier.Plus(done.Usage),
		Planner: h.earlier.Planner || done.Roles[RolePlanner].Calls > 0,
		Large:   done.large,
		Remote:  r.account.remote.Load(),
	})
}

// recall looks for the result of a subtask with the same input.
func (w *working) recall(t *running, st Subtask) (out Output, ok bool, err error) {
	t.recorded = &recorded{key: subtaskKey(t.step, &st), branches: map[branch]int{}}
	var rec resultRecord
	ok, err = w.run.history.get(Record{Kind: recordResult, Step: t.step.ID, Index: st.Index, Key: t.recorded.key}, &rec)
	if err != nil {
		w.run.stop(err)
	}
	if ok {
		w.run.mu.Lock()
		defer w.run.mu.Unlock()
		t.recorded.earlier = true
		t.usage, t.attempts = rec.Spent, rec.Attempts
	}
	return rec.tight(), ok, err
}

// tight returns the output without the room for more that JSON leaves.
func (rec *resultRecord) tight() Output {
	out := rec.Output
	out.Findings = slices.Clone(out.Findings)
	for i := range out.Findings {
		out.Findings[i].Evidence = slices.Clone(out.Findings[i].Evidence)
	}
	return out
}

// record makes the result of a subtask durable, before anybody sees it.
func (w *working) record(t *running) {
	if t.recorded == nil || t.recorded.earlier || t.outcome != Done && t.outcome != Abstained {
		return
	}
	w.run.mu.Lock()
	rec := resultRecord{t.step.results[t.ref.Index].Out, t.attempts, t.usage}
	if t.usage != nil {
		rec.Spent = new(*t.usage)
	}
	made := len(t.recorded.branches) > 0 && !t.recorded.ownCalls // of branches that are recorded: it is made again of them
	w.run.mu.Unlock()
	if made {
		return
	}
	rec.Usage, rec.Models = nil, nil // they are in Spent
	wait := w.run.history.put(Record{Kind: recordResult, Step: t.step.ID, Index: int(t.ref.Index), Key: t.recorded.key}, rec)
	if err := wait(); err != nil {
		t.outcome, t.err = Failed, err
		w.run.stop(err)
	}
}

// recall looks for the output of a branch with the same input.
func (s *scope) recall(st Subtask, out *Output) (at Record, known bool, err error) {
	if s.run.history == nil || s.work == nil || s.work.recorded == nil {
		return at, false, nil
	}
	h := hasher{sha256.New()}
	if st.Step != nil {
		h.add(asked(*st.Step))
	}
	h.add(st.Goal, st.Chunk, st.Item, st.Pack, st.Context, st.Found, st.Missing, st.Feedback)
	h.results(st.From)
	at = Record{Kind: recordBranch, Index: st.Index, Key: h.key()}
	of := branch{at.Index, at.Key}
	s.run.mu.Lock()
	n := s.work.recorded.branches[of] // equal ones are told apart by their number
	s.work.recorded.branches[of]++
	s.run.mu.Unlock()
	at.Step = fmt.Sprintf("%s %x %d", subtaskID(&s.work.step.Step, int(s.work.ref.Index)), at.Key[:4], n)
	var rec resultRecord
	if known, err = s.run.history.get(at, &rec); known {
		*out = rec.tight()
		s.run.mu.Lock()
		defer s.run.mu.Unlock()
		if rec.Spent != nil {
			s.used = *rec.Spent
			s.work.spend(s.used, s.used.Calls)
		}
	}
	return at, known, err
}

// record makes the output of a branch durable.
func (s *scope) record(at Record, out Output) error {
	if at.Kind == "" {
		return nil
	}
	rec := resultRecord{Output: out}
	rec.Findings = sane(out.Findings)
	s.run.mu.Lock()
	if used := s.used; used != (Usage{}) {
		rec.Spent = &used
	}
	s.run.mu.Unlock()
	err := s.run.history.put(at, rec)()
	if err != nil {
		s.run.stop(err)
	}
	return err
}

// recorded is what the journal knows of a subtask.
type recorded struct {
	key     [16]byte
	earlier bool // the result is an earlier process's

	// Guarded by the run's lock.
	branches map[branch]int // how many there were of each
	ownCalls bool           // some calls were not those of a branch
}

// branch is a part of a subtask, by its number and its input.
type branch struct {
	index int
	key   [16]byte
}

// encode writes a value as JSON, or where that would change bytes, in texts that are
// not UTF-8 and in records, as gob behind a zero byte.
func encode(v any) []byte {
	data, err := json.Marshal(v)
	kept := err == nil && !bytes.Contains(data, []byte(`\ufffd`))
	switch v := v.(type) {
	case Step:
		kept = kept && bytes.Contains(data, v.Schema)
	case resultRecord:
		for i := range v.Findings {
			kept = kept && bytes.Contains(data, v.Findings[i].Data)
		}
	}
	if kept {
		return data
	}
	b := bytes.NewBuffer([]byte{0})
	if err := gob.NewEncoder(b).Encode(v); err != nil {
		panic(err) // the types are ours, and each can be written
	}
	return b.Bytes()
}

// decode reads what encode wrote.
func decode(data []byte, v any) error {
	if len(data) > 0 && data[0] == 0 {
		return gob.NewDecoder(bytes.NewReader(data[1:])).Decode(v)
	}
	return json.Unmarshal(data, v)
}

// hasher makes keys.
type hasher struct{ hash.Hash }

func (h hasher) add(parts ...any) {
	for _, p := range parts {
		data := encode(p)
		h.Write(binary.AppendUvarint(nil, uint64(len(data))))
		h.Write(data)
	}
}

// results adds what a worker or a merge can see of results; not what they cost.
func (h hasher) results(rs []Result) {
	h.add(len(rs))
	var last *Step
	for i := range rs {
		r := &rs[i]
		if r.Step != last {
			last = r.Step
			h.add(asked(*last))
		}
		id := ""
		if r.Chunk != nil {
			id = r.Chunk.ID
		}
		out := r.Out
		out.Usage, out.Models = nil, nil
		h.add(id, r.Item, resultRecord{Output: out})
	}
}

func (h hasher) key() (key [16]byte) {
	copy(key[:], h.Sum(nil))
	return key
}

// taskKey is of all that a task says.
func taskKey(t *Task) [16]byte {
	h := hasher{sha256.New()}
	h.add(t.Goal, t.Schema, t.Run, len(t.Sources))
	for i := range t.Sources {
		s := &t.Sources[i]
		h.add(s.Name, s.Outline, len(s.Chunks))
		for j := range s.Chunks {
			h.add(&s.Chunks[j])
		}
	}
	return h.key()
}

// subtaskKey is of all that a worker may go by: not of names, places and urgency.
func subtaskKey(s *step, st *Subtask) [16]byte {
	s.keyOnce.Do(func() { // what all subtasks of the step share
		h := hasher{sha256.New()}
		h.add(st.Goal, asked(s.Step), st.Context, st.Missing)
		h.results(s.from)
		s.key = h.key()
	})
	h := hasher{sha256.New()}
	h.add(s.key, st.Chunk, st.Item, st.Found)
	h.results(st.From[:len(st.From)-len(s.from)])
	return h.key()
}

// asked is a step without its name and without what only finds its input.
func asked(s Step) Step {
	s.ID, s.Level, s.Select, s.Where, s.Widen, s.Items, s.Of, s.Needs = "", 0, nil, nil, false, nil, "", nil
	s.Context, s.Lookup, s.Goal, s.Keep, s.Est = nil, 0, "", false, 0
	return s
}

// mergeKey is of all that a merge goes by.
func mergeKey(b *Brief, results []Result) [16]byte {
	h := hasher{sha256.New()}
	h.add(b.Round, b.Last, b.Known, b.Asked, b.Coverage)
	h.results(results)
	for i := range results {
		h.add(results[i].ID())
	}
	return h.key()
}
