package calc

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm/runtime"
)

// What programs may use of expr's own functions: those with a predicate, and
// those whose result is no larger than what they are given.
var (
	predicates = []string{
		"all", "none", "any", "one", "filter", "map", "find", "findIndex", "findLast", "findLastIndex",
		"count", "sum", "groupBy", "sortBy", "reduce",
	}
	plain = []string{
		"len", "type", "abs", "ceil", "floor", "int", "float", "trim", "trimPrefix", "trimSuffix", "upper", "lower",
		"indexOf", "lastIndexOf", "hasPrefix", "hasSuffix", "mean", "median", "first", "last", "take",
		"reverse", "flatten", "sort",
	}
	// Those that expr lacks, does not bound, or answers in another order each
	// time are ours.
	ours = []string{
		"num", "max", "min", "round", "format", "date", "days", "string", "split", "replace", "join", "concat", "uniq", "keys", "get",
	}
)

// How many values a function takes.
var (
	one   = new(func(any) any)
	two   = new(func(any, any) any)
	three = new(func(any, any, any) any)
	some  = new(func(any, ...any) any)
)

// fail ends the program, as expr's own functions do; expr makes of it an error
// with its place.
func fail(format string, args ...any) { panic(fmt.Errorf(format, args...)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// functions are ours, and with $ before their names those that guard calls.
func (r *run) functions() []expr.Option {
	add := func(name string, do func(a ...any) any, takes ...any) expr.Option {
		return expr.Function(name, func(args ...any) (any, error) { return do(args...), nil }, takes...)
	}
	makes := func(name string, do func(a ...any) any, takes ...any) expr.Option {
		return add(name, func(a ...any) any { return r.made(do(a...)) }, takes...)
	}
	return []expr.Option{
		add("$tick", func(a ...any) any { r.step(1); return a[0] }, one),
		add("$walk", func(a ...any) any { return r.walk(a[0]) }, one),
		add("$made", func(a ...any) any { return r.made(a[0]) }, one),
		add("$matches", r.matches, two),
		add("$in", in, two),
		add("get", r.get, two, three),

		makes("num", func(a ...any) any {
			v, err := num(a[0])
			if err != nil && len(a) == 2 {
				return a[1]
			}
			return must(v, err)
		}, one, two),
		makes("max", func(a ...any) any { return r.extreme(a, runtime.More) }, some),
		makes("min", func(a ...any) any { return r.extreme(a, runtime.Less) }, some),
		makes("round", func(a ...any) any {
			x, _ := strconv.ParseFloat(decimal(a), 64) // digits and a point
			return x
		}, one, two),
		makes("format", func(a ...any) any { return commas(decimal(a)) }, one, two),
		makes("date", func(a ...any) any { return must(date(a[0])).Format("2006-01-02") }, one),
		makes("days", func(a ...any) any { return int(must(date(a[1])).Sub(must(date(a[0]))).Hours() / 24) }, two),
		makes("string", func(a ...any) any { return r.text(a[0]) }, one),
		makes("split", func(a ...any) any {
			s := texts(a)
			r.take(entryBytes * (strings.Count(s[0], s[1]) + 1))
			var out []any
			for part := range strings.SplitSeq(s[0], s[1]) {
				out = append(out, part)
			}
			return out
		}, two),
		makes("replace", func(a ...any) any {
			s := texts(a)
			r.take(len(s[0]) + strings.Count(s[0], s[1])*len(s[2]))
			return strings.ReplaceAll(s[0], s[1], s[2])
		}, three),
		makes("join", func(a ...any) any {
			all, between := list(a[0]), strings.Join(texts(a[1:]), "")
			r.take(len(between) * len(all))
			out := make([]string, len(all))
			for i, part := range all {
				out[i] = r.text(part)
			}
			return strings.Join(out, between)
		}, one, two),
		makes("concat", func(a ...any) any {
			var out []any
			for _, v := range a {
				r.take(entryBytes * len(list(v)))
				out = append(out, list(v)...)
			}
			return out
		}, some),
		makes("uniq", func(a ...any) any {
			seen, out := map[string]bool{}, []any{}
			for _, v := range list(a[0]) {
				if s := r.text(v) + kind(v); !seen[s] {
					seen[s] = true
					out = append(out, v)
				}
			}
			return out
		}, one),
		makes("keys", func(a ...any) any { return keys(a[0]) }, one),
	}
}

// in is the operator of that name; of two texts, as in Python.
func in(a ...any) any {
	part, isText := a[0].(string)
	if whole, ok := a[1].(string); ok && isText {
		return strings.Contains(whole, part)
	}
	return runtime.In(a[0], a[1])
}

// get returns a field of a record, an entry of a map or list, and the third
// argument, or nil, where there is none.
func (r *run) get(a ...any) any {
	r.step(1)
	of, key, other := a[0], a[1], any(nil)
	if len(a) == 3 {
		other = a[2]
	}
	switch of := of.(type) {
	case nil:
	case record:
		name, ok := key.(string)
		if !ok {
			fail("a record has named fields, and not %s", kind(key))
		}
		if v := of.field(name); v != nil {
			return v
		}
		if len(a) == 2 && !of.of.fields[name] {
			fail("no record of step %s has a field %q; there are %s",
				of.of.id, name, strings.Join(slices.Sorted(maps.Keys(of.of.fields)), ", "))
		}
	case map[string]any, map[any][]any:
		if v := entryOf(of, key); v != nil {
			return v
		}
	case []any:
		if kind(key) != kind(1) {
			fail("a list has no field %v: map(list, .field) takes it of each entry", key)
		}
		i := runtime.ToInt(key)
		if i < 0 {
			i += len(of)
		}
		if i >= 0 && i < len(of) {
			return of[i]
		}
		if len(a) == 2 {
			fail("there is no entry %d in a list of %d", i, len(of))
		}
	default:
		fail("%s has no field %v", kind(of), key)
	}
	return other
}

// entryOf returns the entry of a map; nil if there is none.
func entryOf(of, key any) any {
	switch of := of.(type) {
	case map[string]any:
		name, _ := key.(string)
		return of[name]
	case map[any][]any:
		if list, ok := of[key]; ok {
			return list
		}
	}
	return nil
}

// extreme returns the one of figures or texts and of those in lists of them that
// is before all others; nil of none.
func (r *run) extreme(args []any, before func(a, b any) bool) any {
	var best any
	for _, arg := range args {
		all, ok := arg.([]any)
		if !ok {
			all = []any{arg}
		}
		r.step(len(all))
		for _, v := range all {
			if kind(v) != kind(1) && kind(v) != kind("") {
				fail("%s is no figure or text", kind(v))
			}
			if best != nil && kind(v) != kind(best) {
				fail("%s and %s cannot be compared", kind(v), kind(best))
			}
			if best == nil || before(v, best) {
				best = v
			}
		}
	}
	return best
}

// text writes a value and counts the memory before.
func (r *run) text(v any) string {
	steps, bytes := weigh(v, true)
	r.step(steps)
	r.take(2 * bytes)
	return text(v)
}

func texts(args []any) []string {
	out := make([]string, len(args))
	for i, a := range args {
		var ok bool
		if out[i], ok = a.(string); !ok {
			fail("%s is no text: string(x) makes one", kind(a))
		}
	}
	return out
}

// list returns the entries of a list.
func list(v any) []any {
	all, ok := v.([]any)
	if !ok {
		fail("%s is no list", kind(v))
	}
	return all
}

// keys returns the keys of a map, or the fields of a record, in order: figures
// first, then all others as texts.
func keys(of any) []any {
	var out []any
	switch of := of.(type) {
	case record:
		for name := range of.of.fields {
			out = append(out, name)
		}
	case map[string]any:
		for name := range of {
			out = append(out, name)
		}
	case map[any][]any:
		out = slices.AppendSeq(out, maps.Keys(of))
	default:
		fail("%s is no map", kind(of))
	}
	order := func(key any) (float64, string) {
		switch key := key.(type) {
		case int:
			return float64(key), ""
		case float64:
			return key, "fraction"
		case record:
			return math.Inf(1), fmt.Sprintf("%9d", key.ref)
		}
		return math.Inf(1), fmt.Sprintf("%s %T", text(key), key)
	}
	slices.SortFunc(out, func(a, b any) int {
		figure, name := order(a)
		other, another := order(b)
		return cmp.Or(cmp.Compare(figure, other), strings.Compare(name, another))
	})
	return out
}
