package calc

import (
	"errors"
	"fmt"
	"reflect"
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
// each value in it.
func (r *run) made(v any) (any, error) {
	own, _ := bytesOf(v)
	if err := r.take(own); err != nil {
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
	own, parts := bytesOf(v)
	if rec, ok := v.(record); ok && written {
		own = len(rec.raw) + len(rec.text)
	}
	*steps += 1 + own>>8
	if *left -= own; *left < 0 || parts == nil {
		return
	}
	parts(func(part any) bool {
		count(part, written, steps, left)
		return *left >= 0
	})
}

// What values take, with room for how lists grow: an entry of a list, and a
// small map and an entry of it.
const entryBytes, mapBytes, pairBytes = 32, 320, 48

// bytesOf returns what a value takes without its parts, and its parts.
func bytesOf(v any) (int, func(func(any) bool)) {
	switch v := v.(type) {
	case nil, bool, int, float64, record:
		return 0, nil
	case string:
		return len(v), nil
	case []any:
		return entryBytes * (1 + len(v)), slices.Values(v)
	case map[string]any:
		return mapBytes + pairBytes*len(v), func(yield func(any) bool) {
			for k, part := range v {
				if !yield(k) || !yield(part) {
					return
				}
			}
		}
	}
	value := reflect.ValueOf(v)
	switch value.Kind() {
	case reflect.Slice: // such as []string
		return entryBytes * (1 + value.Len()), func(yield func(any) bool) {
			for i := range value.Len() {
				if !yield(value.Index(i).Interface()) {
					return
				}
			}
		}
	case reflect.Map: // of groupBy, its lists made along with it
		size := mapBytes
		for it := value.MapRange(); it.Next(); {
			size += 2*pairBytes + entryBytes
			if list := it.Value(); list.Kind() == reflect.Slice {
				size += entryBytes * list.Len()
			}
		}
		return size, func(yield func(any) bool) {
			for it := value.MapRange(); it.Next(); {
				if !yield(it.Key().Interface()) || !yield(it.Value().Interface()) {
					return
				}
			}
		}
	}
	return 0, nil
}
