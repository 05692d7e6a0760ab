package calc

import (
	"errors"
	"fmt"
	"iter"
	"slices"
)

var (
	errSteps  = fmt.Errorf("the calculation takes more than %d steps", maxSteps)
	errMemory = errors.New("the calculation makes values that are too large; filter first, and take only what is needed")
)

// step counts steps, and ends the program when there are too many or its
// context has ended.
func (r *run) step(n int) {
	before := r.steps
	if r.steps += n; r.steps > maxSteps {
		panic(errSteps)
	}
	if before>>12 != r.steps>>12 && r.ctx.Err() != nil {
		panic(r.ctx.Err())
	}
}

// take counts memory that is about to be used.
func (r *run) take(bytes int) {
	if bytes > maxValue || bytes > maxMemory-r.memory {
		panic(errMemory)
	}
	r.memory += bytes
}

// made counts a value that was just made: its own memory, and the steps of a
// walk. From here on a value is one of nil, bool, int, float64, string, record,
// []any, map[string]any, and map[any][]any, which groupBy gives.
func (r *run) made(v any) any {
	if whole, ok := v.([]int); ok { // of a range
		list := make([]any, len(whole))
		for i, n := range whole {
			list[i] = n
		}
		v = list
	}
	own := sizeOf(v)
	if groups, ok := v.(map[any][]any); ok { // its lists were made along with it
		for _, list := range groups {
			own += sizeOf(list)
		}
	}
	r.take(own)
	return r.walk(v)
}

// walk counts a value that is about to be walked through: a step for 256 bytes,
// but of lists and maps one for each value in it.
func (r *run) walk(v any) any {
	steps, _ := weigh(v, false)
	r.step(steps)
	return v
}

// weigh adds up steps and bytes of a value with all that is in it, of records
// only if they are to be written too. It ends the program if they are too many.
func weigh(v any, written bool) (steps, bytes int) {
	own := sizeOf(v)
	if rec, ok := v.(record); ok && written {
		own = len(rec.raw) + len(rec.text)
	}
	for part := range parts(v) {
		if own+bytes > maxValue {
			panic(errMemory)
		}
		s, b := weigh(part, written)
		steps, bytes = steps+1+s, bytes+b
	}
	return steps + own>>8, own + bytes
}

// What values take, with room for how lists grow: an entry of a list, and a
// small map and an entry of it.
const entryBytes, mapBytes, pairBytes = 32, 320, 48

// sizeOf returns what a value takes without its parts.
func sizeOf(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		return entryBytes * (1 + len(v))
	case map[string]any:
		return mapBytes + pairBytes*len(v)
	case map[any][]any:
		return mapBytes + 2*pairBytes*len(v)
	}
	return 0
}

// parts yields what is in a list or a map, keys too.
func parts(v any) iter.Seq[any] {
	return func(yield func(any) bool) {
		switch v := v.(type) {
		case []any:
			slices.Values(v)(yield)
		case map[string]any:
			for k, part := range v {
				if !yield(k) || !yield(part) {
					return
				}
			}
		case map[any][]any:
			for k, part := range v {
				if !yield(k) || !yield(part) {
					return
				}
			}
		}
	}
}
