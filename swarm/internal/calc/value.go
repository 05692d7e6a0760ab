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
	named   bool            // the program names it
}

// record is what a program sees of a finding. It is compared by what it points
// at, so what differs between any two stands first.
type record struct{ *item }

type item struct {
	ref  int
	of   *stepRecords
	raw  json.RawMessage
	data map[string]any // nil: it has a text alone
	text string
	read bool // the program has read a field
}

func newRun(ctx context.Context, steps []Step) (*run, error) {
	r := &run{ctx: ctx, env: map[string]any{}, all: map[string]*stepRecords{}, patterns: map[string]pattern{}}
	byID := map[string]any{}
	for _, s := range steps {
		list := &stepRecords{id: s.ID, fields: map[string]bool{"text": true}, records: make([]any, len(s.Findings))}
		for i, f := range s.Findings {
			it := &item{of: list, raw: f.Data, text: f.Text, ref: f.Ref}
			if len(f.Data) > 0 {
				d := json.NewDecoder(bytes.NewReader(f.Data))
				d.UseNumber()
				if err := d.Decode(&it.data); err != nil {
					return nil, fmt.Errorf("step %s, finding %d: %w", s.ID, i+1, err)
				}
			}
			figures(it.data)
			for name := range it.data {
				list.fields[name] = true
			}
			list.records[i] = record{it}
		}
		r.all[s.ID] = list
		byID[s.ID] = list.records
		if plainName(s.ID) {
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

// field returns a field of a record; nil where it has none of that name.
func (it *item) field(name string) any {
	it.read = true
	if v, ok := it.data[name]; ok || name != "text" {
		return v
	}
	return it.text
}

// results turns the value of a program into results.
func (r *run) results(value any) []Result {
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
				res.Data = json.RawMessage(r.text(v))
			}
		case map[any][]any:
			res.Data = json.RawMessage(r.text(v))
		default:
			res.Text = r.text(v)
		}
		out = append(out, res)
	}
	return out
}

// used returns the Ref of each record that the program used; see Result.Refs.
func (r *run) used() []int {
	refs := map[int]bool{}
	for _, s := range r.all {
		if r.any == 0 && !s.named {
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
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return strings.ToValidUTF8(v, "\ufffd")
	case record:
		if v.data == nil {
			return v.text
		}
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(jsonable(v)); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// jsonable returns v of types that encoding/json knows.
func jsonable(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			fail("a figure came out as %v: it is too large, or was divided by zero", v)
		}
		rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 15, 64), 64)
		return rounded
	case record:
		if v.data == nil {
			return v.text
		}
		return jsonable(v.data)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = jsonable(v[i])
		}
		return out
	case map[string]any, map[any][]any:
		out := map[string]any{}
		for _, key := range keys(v) { // in order: of two that are written alike the last stays
			out[text(key)] = jsonable(entryOf(v, key))
		}
		return out
	}
	return v
}
