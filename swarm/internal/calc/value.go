package calc

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// stepRecords are the records of a step.
type stepRecords struct {
	id      string
	fields  map[string]bool // of any of its records
	records []any           // each a record
}

// record is what a program sees of a finding. It is compared by what it points
// at, so the number stands first.
type record struct{ *item }

type item struct {
	number int // among all records
	of     *stepRecords
	raw    json.RawMessage
	data   map[string]any // nil: it has a text alone
	text   string
	ref    int
	read   bool // the program has read a field
}

func newRun(ctx context.Context, steps []Step) (*run, error) {
	r := &run{
		ctx: ctx, env: map[string]any{}, all: map[string]*stepRecords{},
		named: map[string]bool{}, patterns: map[string]pattern{},
	}
	r.ours = r.functions()
	byID := map[string]any{}
	number := 0
	for _, s := range steps {
		list := &stepRecords{id: s.ID, fields: map[string]bool{"text": true}, records: make([]any, len(s.Findings))}
		for i, f := range s.Findings {
			number++
			it := &item{number: number, of: list, raw: f.Data, text: f.Text, ref: f.Ref}
			if len(f.Data) > 0 {
				d := json.NewDecoder(bytes.NewReader(f.Data))
				d.UseNumber()
				if err := d.Decode(&it.data); err != nil {
					return nil, fmt.Errorf("step %s, finding %d: %w", s.ID, i+1, err)
				}
			}
			for name, v := range it.data {
				it.data[name] = figures(v)
				list.fields[name] = true
			}
			list.records[i] = record{it}
		}
		r.all[s.ID] = list
		byID[s.ID] = list.records
		if r.plainName(s.ID) {
			r.env[s.ID] = list.records
		}
	}
	r.env["steps"] = byID
	return r, nil
}

// figures turns the numbers in what was decoded into int where they are whole
// and small enough for a product of two not to overflow, else into float64.
func figures(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := strconv.ParseInt(v.String(), 10, 32); err == nil {
			return int(i)
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = figures(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = figures(v[k])
		}
	}
	return v
}

// field returns a field of a record; nil where only other records of its step
// have it.
func (it *item) field(name string) (any, error) {
	it.read = true
	if v, ok := it.data[name]; ok {
		return v, nil
	}
	if name == "text" {
		return it.text, nil
	}
	if !it.of.fields[name] {
		return nil, fmt.Errorf("no record of step %s has a field %q; there are %s",
			it.of.id, name, strings.Join(slices.Sorted(maps.Keys(it.of.fields)), ", "))
	}
	return nil, nil
}

// results turns the value of a program into results.
func (r *run) results(value any) ([]Result, error) {
	values, ok := value.([]any)
	if !ok && value != nil {
		values = []any{value}
	}
	used := r.used()
	var out []Result
	for _, v := range values {
		res, refs := Result{}, map[int]bool{}
		findRefs(v, refs)
		if res.Refs = slices.Sorted(maps.Keys(refs)); len(refs) == 0 {
			res.Refs = used
		}
		var err error
		switch v := v.(type) {
		case record:
			res.Text, res.Data = v.text, v.raw
		case map[string]any:
			v = maps.Clone(v)
			if len(refs) > 0 {
				delete(v, "from")
			}
			if t, ok := v["text"].(string); ok {
				res.Text = t
				delete(v, "text")
			}
			if len(v) > 0 {
				err = r.encode(v, &res)
			}
		default:
			err = r.encode(v, &res)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, res)
	}
	return out, nil
}

// encode puts a value into a result: a map as its data, else its text.
func (r *run) encode(v any, into *Result) error {
	s, err := r.text(v)
	if kind(v) == "a map" {
		into.Data = json.RawMessage(s)
	} else {
		into.Text = s
	}
	return err
}

// used returns the Ref of each record that the program used; see Result.Refs.
func (r *run) used() []int {
	refs := map[int]bool{}
	for id, s := range r.all {
		if r.any == 0 && !r.named[id] {
			continue
		}
		isRead := func(v any) bool { return v.(record).read }
		every := !slices.ContainsFunc(s.records, isRead)
		for _, v := range s.records {
			if every || isRead(v) {
				refs[v.(record).ref] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(refs))
}

// findRefs collects the Ref of each record in a value.
func findRefs(v any, refs map[int]bool) {
	if rec, ok := v.(record); ok {
		refs[rec.ref] = true
		return
	}
	for part := range parts(v) {
		findRefs(part, refs)
	}
}

// kind names a value's type.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "nil"
	case string:
		return "a text"
	case int, float64:
		return "a figure"
	case bool:
		return "a truth value"
	case record:
		return "a record"
	case []any:
		return "a list"
	}
	return "a map"
}

// text writes a value as a reader would: texts as they are, figures without
// what binary fractions add, lists and maps as JSON.
func text(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return strings.ToValidUTF8(v, "\ufffd"), nil
	case record:
		if v.data == nil {
			return v.text, nil
		}
	}
	v, err := jsonable(v)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err = e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// jsonable returns v of types that encoding/json knows.
func jsonable(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, int, string:
		return v, nil
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return nil, fmt.Errorf("a figure came out as %v: it is too large, or was divided by zero", v)
		}
		return strconv.ParseFloat(strconv.FormatFloat(v, 'g', 15, 64), 64)
	case record:
		if v.data == nil {
			return v.text, nil
		}
		return jsonable(v.data)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			var err error
			if out[i], err = jsonable(v[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any, map[any][]any:
		out := map[string]any{}
		all, _ := keys(v) // in order: of two that are written alike the last stays
		for _, key := range all {
			name, err := text(key)
			if err != nil {
				return nil, err
			}
			if out[name], err = jsonable(entryOf(v, key)); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("%T is no value of a program", v)
}
