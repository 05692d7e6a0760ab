package queue

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// message is a subtask on its way to a worker. It is written as gob, for JSON
// changes bytes that are not UTF-8.
type message struct {
	Key     string
	Subtask swarm.Subtask  // but for what stands in Fields
	Fields  [fields][]byte // as gob; nil: it is empty, or large
	Parts   [fields]string // the hash of a large one
	Lend    swarm.Usage
}

// fields is how many fields of a subtask may be large.
const fields = 6

func fieldsOf(st *swarm.Subtask) [fields]any {
	return [...]any{&st.Goal, &st.Item, &st.Chunk, &st.Context, &st.Found, &st.From}
}

// encoder makes messages. What many subtasks share, such as the results of a step
// that all of the next one need, it encodes and hashes once.
type encoder struct {
	store *store

	mu     sync.Mutex
	shared []field // the latest large ones
}

// field is an encoded field of a subtask.
type field struct {
	of   any        // the value: as long as it is kept, no other one stands at its place
	at   [2]uintptr // where it is, and how long
	data []byte     // nil: it is stored
	part string
	hash [32]byte // of what it says
}

const mostShared = 16

// place says where a value is and how long it is: the same place is the same value,
// for what a subtask holds is not changed.
func place(v reflect.Value) (at [2]uintptr) {
	switch v.Kind() {
	case reflect.Slice:
		at = [2]uintptr{v.Pointer(), uintptr(v.Len())}
	case reflect.Pointer:
		at[0] = v.Pointer()
	}
	return at
}

// field encodes a field, or finds it among those that were encoded.
func (e *encoder) field(ctx context.Context, v reflect.Value, value any) (field, error) {
	f := field{of: v.Interface(), at: place(v)}
	if f.at[0] != 0 {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, s := range e.shared {
			if s.at == f.at && reflect.TypeOf(s.of) == v.Type() {
				return s, nil
			}
		}
	}
	said, err := json.Marshal(value) // not the gob, which differs from process to process
	if err != nil {
		return f, fmt.Errorf("queue: encode a subtask: %w", err)
	}
	f.hash = sha256.Sum256(said)
	if f.data, err = encode(value); err != nil {
		return f, err
	}
	if len(f.data) <= mostInline {
		return f, nil
	}
	if f.part, err = e.store.save(ctx, f.data); err != nil {
		return f, err
	}
	if f.data = nil; f.at[0] != 0 {
		e.shared = append(e.shared, f)
		e.shared = e.shared[max(0, len(e.shared)-mostShared):]
	}
	return f, nil
}

// forget drops what stands in a store that may be lost: the streams were deleted.
func (e *encoder) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.store.mu.Lock()
	defer e.store.mu.Unlock()
	e.shared = nil
	clear(e.store.put)
}

// encode makes the message of a subtask. Its key is made of the place in the plan
// and of all that the worker goes by, so that the next process of the same run finds
// the result.
func (e *encoder) encode(ctx context.Context, st *swarm.Subtask, lend swarm.Usage) (*message, error) {
	m := &message{Subtask: *st, Lend: lend}
	own := &m.Subtask
	own.Run, own.Step = "", trimmed(st.Step)
	h := sha256.New()
	for i, p := range fieldsOf(own) {
		v := reflect.ValueOf(p).Elem()
		if v.IsZero() {
			continue
		}
		value := p
		if from, ok := p.(*[]swarm.Result); ok {
			value = resultsOf(*from)
		}
		f, err := e.field(ctx, v, value)
		if err != nil {
			return nil, err
		}
		m.Fields[i], m.Parts[i] = f.data, f.part
		h.Write(append(f.hash[:], byte(i)))
		v.SetZero()
	}
	small := *own
	small.Priority = 0
	said, err := json.Marshal(&small)
	if err != nil {
		return nil, fmt.Errorf("queue: encode a subtask: %w", err)
	}
	h.Write(said)
	m.Key = hex.EncodeToString(h.Sum(nil)[:16])
	return m, nil
}

// decode makes the subtask of a message.
func (m *message) decode(ctx context.Context, s *store) (swarm.Subtask, error) {
	st := m.Subtask
	for i, p := range fieldsOf(&st) {
		data := m.Fields[i]
		if m.Parts[i] != "" {
			var err error
			if data, err = s.load(ctx, m.Parts[i]); err != nil {
				return st, err
			}
		}
		if data == nil {
			continue
		}
		if err := decode(data, p); err != nil {
			return st, err
		}
	}
	return st, nil
}

// result is what a worker may see of an earlier result: its chunk has no text. It has
// no methods, for in the JSON of a swarm.Result the step is only an ID.
type result swarm.Result

func resultsOf(from []swarm.Result) []result {
	out := make([]result, len(from))
	for i := range from {
		r := &from[i]
		own := result{Index: r.Index, Item: r.Item, Out: r.Out, Outcome: swarm.Done}
		if i > 0 && r.Step == from[i-1].Step {
			own.Step = out[i-1].Step
		} else {
			own.Step = trimmed(r.Step)
		}
		if c := r.Chunk; c != nil {
			own.Chunk = &swarm.Chunk{Source: c.Source, ID: c.ID, Path: c.Path, Start: c.Start, End: c.End, Line: c.Line}
		}
		own.Out.Usage, own.Out.Models = nil, nil
		out[i] = own
	}
	return out
}

// trimmed is a step without what only finds its input, which may be large.
func trimmed(s *swarm.Step) *swarm.Step {
	if s == nil {
		return nil
	}
	own := *s
	own.Items, own.Select, own.Where, own.Context = nil, nil, nil, nil
	return &own
}

// reply is what a worker says of a subtask.
type reply struct {
	Out    []byte // gob of a swarm.Output; nil: none, or large
	Part   string // the hash of a large one
	Failed *failure
	Usage  swarm.Usage            // of calls of models that are not known
	Models map[string]swarm.Usage // of all others
	Worker string
	Took   time.Duration
}

// failure is an error with what of it can be known on another machine.
type failure struct {
	Text     string
	Call     *swarm.CallError // without Err
	Budget   *swarm.BudgetError
	Panicked *swarm.PanicError // with a Value that is text
}

func failureOf(err error) *failure {
	f := &failure{Text: text(err)}
	if call, ok := errors.AsType[*swarm.CallError](err); ok && call != nil {
		own := *call
		f.Text, own.Err = text(own.Err), nil
		f.Call = &own
	}
	if over, ok := errors.AsType[*swarm.BudgetError](err); ok {
		f.Budget = over
	}
	if p, ok := errors.AsType[*swarm.PanicError](err); ok && p != nil {
		f.Panicked = &swarm.PanicError{In: "a worker elsewhere", Value: text(p.Value), Stack: p.Stack}
	}
	return f
}

func (f *failure) error() error {
	switch {
	case f.Budget != nil:
		return f.Budget
	case f.Call != nil:
		own := *f.Call
		own.Err = errors.New(f.Text)
		return &own
	case f.Panicked != nil:
		return f.Panicked
	}
	return errors.New(f.Text)
}

// text is what v says, cut short. fmt catches a panic of its String or Error.
func text(v any) string { return fmt.Sprintf("%.4000s", fmt.Sprint(v)) }

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		return nil, fmt.Errorf("queue: encode a message: %w", err)
	}
	return b.Bytes(), nil
}

func decode(data []byte, into any) (err error) {
	defer func() { // gob says that it may panic on what is not its own
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
		if err != nil {
			err = fmt.Errorf("queue: read a message: %w", err)
		}
	}()
	return gob.NewDecoder(bytes.NewReader(data)).Decode(into)
}
