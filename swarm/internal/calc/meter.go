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
func (r *run) step(n int) error {
	before := r.steps
	if r.steps += n; r.steps > maxSteps {
		return errSteps
	}
	if before>>12 != r.steps>>12 && r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	return nil
}

// take counts memory that is about to be used.
func (r *run) take(bytes int) error {
	if bytes > maxValue || bytes > maxMemory-r.memory {
		return errMemory
	}
	r.memory += bytes
	return nil
}

// made counts a value that was just made: the memory of itself, and a step for
// each value in it. From here on a value is one of nil, bool, int, float64,
// string, record, []any, map[string]any, and map[any][]any, which groupBy gives.
func (r *run) made(v any) (any, error) {
	if whole, ok := v.([]int); ok { // of a range
		list := make([]any, len(whole))
		for i, n := range whole {
			list[i] = n
		}
		v = list
	}
	if err := r.take(sizeOf(v)); err != nil {
		return nil, err
	}
	return r.walk(v)
}

// walk returns a value that is about to be walked through; a single one counts
// for nothing.
func (r *run) walk(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, int, float64, record:
		return v, nil
	case string:
		return v, r.step(len(v) >> 8)
	}
	steps, left := 0, maxValue
	count(v, false, &steps, &left)
	if left < 0 {
		return nil, errMemory
	}
	return v, r.step(steps)
}

// count walks through v, and no further than left allows; into records only if
// they are to be written too.
func count(v any, written bool, steps, left *int) {
	own := sizeOf(v)
	if rec, ok := v.(record); ok && written {
		own = len(rec.raw) + len(rec.text)
	}
	*steps += 1 + own>>8
	*left -= own
	for part := range parts(v) {
		if *left < 0 {
			return
		}
		count(part, written, steps, left)
	}
}

// What values take, with room for how lists grow: an entry of a list, and a
// small map and an entry of it.
const entryBytes, mapBytes, pairBytes = 32, 320, 48

// sizeOf returns what a value takes without its parts; of the map that groupBy
// gives, its lists were made along with it.
func sizeOf(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		return entryBytes * (1 + len(v))
	case map[string]any:
		return mapBytes + pairBytes*len(v)
	case map[any][]any:
		size := mapBytes
		for _, list := range v {
			size += 2*pairBytes + entryBytes*(1+len(list))
		}
		return size
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
