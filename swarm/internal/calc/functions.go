package calc

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

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
)

type function = func(args ...any) (any, error)

// functions are those that guard calls, and those that expr lacks, does not
// bound, or answers in another order each time.
func (r *run) functions() map[string]function {
	out := map[string]function{}
	add := func(name string, least, most int, do function) {
		out[name] = func(args ...any) (any, error) {
			if len(args) < least || len(args) > most {
				return nil, fmt.Errorf("%s takes %d to %d values, not %d", name, least, most, len(args))
			}
			v, err := do(args...)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			return r.made(v)
		}
	}
	out["$tick"] = func(a ...any) (any, error) { return a[0], r.step(1) }
	out["$walk"] = func(a ...any) (any, error) { return r.walk(a[0]) }
	out["$made"] = func(a ...any) (any, error) { return r.made(a[0]) }
	out["$in"] = func(a ...any) (any, error) {
		if s, err := texts(a); err == nil { // as in Python
			return strings.Contains(s[1], s[0]), nil
		}
		return runtime.In(a[0], a[1]), nil
	}
	out["$matches"] = func(a ...any) (any, error) { return r.matches(a[0], a[1]) }
	out["get"] = r.get

	add("num", 1, 2, func(a ...any) (any, error) {
		v, err := num(a[0])
		if err != nil && len(a) == 2 {
			return a[1], nil
		}
		return v, err
	})
	add("max", 1, 100, func(a ...any) (any, error) { return r.extreme(a, 1) })
	add("min", 1, 100, func(a ...any) (any, error) { return r.extreme(a, -1) })
	add("round", 1, 2, func(a ...any) (any, error) {
		s, err := decimal(a)
		if err != nil {
			return nil, err
		}
		return strconv.ParseFloat(s, 64)
	})
	add("format", 1, 2, func(a ...any) (any, error) {
		s, err := decimal(a)
		return commas(s), err
	})
	add("date", 1, 1, func(a ...any) (any, error) {
		t, err := date(a[0])
		return t.Format("2006-01-02"), err
	})
	add("days", 2, 2, func(a ...any) (any, error) {
		from, err := date(a[0])
		if err != nil {
			return nil, err
		}
		to, err := date(a[1])
		return int(to.Sub(from).Hours() / 24), err
	})
	add("string", 1, 1, func(a ...any) (any, error) { return r.text(a[0]) })
	add("split", 2, 2, func(a ...any) (any, error) {
		s, err := texts(a)
		if err != nil {
			return nil, err
		}
		if err := r.take(entryBytes * (strings.Count(s[0], s[1]) + 1)); err != nil {
			return nil, err
		}
		var out []any
		for part := range strings.SplitSeq(s[0], s[1]) {
			out = append(out, part)
		}
		return out, nil
	})
	add("replace", 3, 3, func(a ...any) (any, error) {
		s, err := texts(a)
		if err != nil {
			return nil, err
		}
		if err := r.take(len(s[0]) + strings.Count(s[0], s[1])*len(s[2])); err != nil {
			return nil, err
		}
		return strings.ReplaceAll(s[0], s[1], s[2]), nil
	})
	add("join", 1, 2, func(a ...any) (any, error) {
		all, err := list(a[0])
		if err != nil {
			return nil, err
		}
		between := []string{""}
		if len(a) == 2 {
			if between, err = texts(a[1:]); err != nil {
				return nil, err
			}
		}
		if err := r.take(len(between[0]) * len(all)); err != nil {
			return nil, err
		}
		out := make([]string, len(all))
		for i, part := range all {
			if out[i], err = r.text(part); err != nil {
				return nil, err
			}
		}
		return strings.Join(out, between[0]), nil
	})
	add("concat", 1, 100, func(a ...any) (any, error) {
		var out []any
		for _, v := range a {
			part, err := list(v)
			if err != nil {
				return nil, err
			}
			if err := r.take(entryBytes * len(part)); err != nil {
				return nil, err
			}
			out = append(out, part...)
		}
		return out, nil
	})
	add("uniq", 1, 1, func(a ...any) (any, error) {
		all, err := list(a[0])
		if err != nil {
			return nil, err
		}
		seen, out := map[string]bool{}, []any{}
		for _, v := range all {
			s, err := r.text(v)
			if err != nil {
				return nil, err
			}
			if s += kind(v); !seen[s] {
				seen[s] = true
				out = append(out, v)
			}
		}
		return out, nil
	})
	add("keys", 1, 1, func(a ...any) (any, error) { return keys(a[0]) })
	return out
}

// get returns a field of a record, an entry of a map or list, and the third
// argument, or nil, where there is none.
func (r *run) get(args ...any) (any, error) {
	if len(args) < 2 || len(args) > 3 {
		return nil, fmt.Errorf("get takes 2 to 3 values, not %d", len(args))
	}
	if err := r.step(1); err != nil {
		return nil, err
	}
	of, key, other := args[0], args[1], any(nil)
	if len(args) == 3 {
		other = args[2]
	}
	if rec, ok := of.(record); ok {
		name, ok := key.(string)
		if !ok {
			return nil, fmt.Errorf("a record has named fields, and not %s", kind(key))
		}
		v, err := rec.field(name)
		if len(args) == 3 && (v == nil || err != nil) {
			return other, nil
		}
		return v, err
	}
	switch of := of.(type) {
	case nil:
		return other, nil
	case map[string]any, map[any][]any:
		if v := entryOf(of, key); v != nil {
			return v, nil
		}
		return other, nil
	case []any:
		if kind(key) != kind(1) {
			return nil, fmt.Errorf("a list has no field %v: map(list, .field) takes it of each entry", key)
		}
		i := runtime.ToInt(key)
		if i < 0 {
			i += len(of)
		}
		if i >= 0 && i < len(of) {
			return of[i], nil
		}
		if len(args) == 3 {
			return other, nil
		}
		return nil, fmt.Errorf("there is no entry %d in a list of %d", i, len(of))
	}
	return nil, fmt.Errorf("%s has no field %v", kind(of), key)
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

// extreme returns the largest of figures or texts and of those in lists of them,
// or the smallest; nil of none.
func (r *run) extreme(args []any, sign int) (any, error) {
	var best any
	for _, arg := range args {
		all, err := list(arg)
		if err != nil {
			all = []any{arg}
		}
		if err := r.step(len(all)); err != nil {
			return nil, err
		}
		for _, v := range all {
			_, isText := v.(string)
			_, bestText := best.(string)
			switch {
			case !isText && kind(v) != kind(1):
				return nil, fmt.Errorf("%s is no figure or text", kind(v))
			case best != nil && isText != bestText:
				return nil, fmt.Errorf("%s and %s cannot be compared", kind(v), kind(best))
			case best == nil, sign > 0 && runtime.More(v, best), sign < 0 && runtime.Less(v, best):
				best = v
			}
		}
	}
	return best, nil
}

// text writes a value and counts the memory before.
func (r *run) text(v any) (string, error) {
	steps, left := 0, maxValue
	count(v, true, &steps, &left)
	if left < 0 {
		return "", errMemory
	}
	if err := cmp.Or(r.step(steps), r.take(2*(maxValue-left))); err != nil {
		return "", err
	}
	return text(v)
}

func texts(args []any) ([]string, error) {
	out := make([]string, len(args))
	for i, a := range args {
		var ok bool
		if out[i], ok = a.(string); !ok {
			return nil, fmt.Errorf("%s is no text: string(x) makes one", kind(a))
		}
	}
	return out, nil
}

// list returns the entries of a list.
func list(v any) ([]any, error) {
	all, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%s is no list", kind(v))
	}
	return all, nil
}

// keys returns the keys of a map, or the fields of a record, in order: figures
// first, then all others as texts.
func keys(of any) ([]any, error) {
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
		return nil, fmt.Errorf("%s is no map", kind(of))
	}
	order := func(key any) (float64, string) {
		switch key := key.(type) {
		case int:
			return float64(key), ""
		case float64:
			return key, "fraction"
		case record:
			return math.Inf(1), fmt.Sprintf("%9d", key.number)
		}
		name, _ := text(key)
		return math.Inf(1), fmt.Sprintf("%s %T", name, key)
	}
	slices.SortFunc(out, func(a, b any) int {
		figure, name := order(a)
		other, another := order(b)
		return cmp.Or(cmp.Compare(figure, other), strings.Compare(name, another))
	})
	return out, nil
}
