package fault

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// step is one step of a plan.
type step map[string]any

func (s step) id() string { id, _ := s["id"].(string); return id }

func (s step) needs(id string) { s["needs"] = []any{id} }

// steps is said where the reply holds a plan: a list of objects with IDs.
// Other replies are left as they are, and the log then names no fault.
func steps(change func([]step) []step) Do {
	return say(func(_ *Call, r *Said) bool {
		return editJSON(r, func(o map[string]any) bool {
			for _, key := range slices.Sorted(maps.Keys(o)) {
				list, _ := o[key].([]any)
				var plan []step
				for _, v := range list {
					if s, ok := v.(map[string]any); ok && step(s).id() != "" {
						plan = append(plan, s)
					}
				}
				if len(plan) > 0 && len(plan) == len(list) {
					o[key] = change(plan)
					return true
				}
			}
			return false
		})
	})
}

// atLeast fills a plan up with copies of its first step, each with an ID and
// an instruction of its own.
func atLeast(plan []step, n int) []step {
	for i := len(plan); i < n; i++ {
		s := maps.Clone(plan[0])
		s["id"] = fmt.Sprintf("%s-%d", s.id(), i)
		if do, ok := s["do"].(string); ok {
			s["do"] = fmt.Sprintf("%s (%d)", do, i)
		}
		plan = append(plan, s)
	}
	return plan
}

// text is said where a reply is JSON.
func text(change func(text string) string) Do {
	return say(func(_ *Call, r *Said) bool {
		if !json.Valid([]byte(r.Text)) {
			return false
		}
		r.Text = change(r.Text)
		return true
	})
}

func around(before, after string) Do {
	return text(func(t string) string { return before + t + after })
}

// editJSON changes a reply that is a JSON object.
func editJSON(r *Said, change func(v map[string]any) bool) bool {
	d := json.NewDecoder(strings.NewReader(r.Text))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil || v == nil || !change(v) {
		return false
	}
	b, err := wire.JSON(v)
	if err != nil {
		return false
	}
	r.Text = strings.TrimSpace(string(b))
	return true
}

// firstKey changes an object at its first key.
func firstKey(change func(o map[string]any, key string)) Do {
	return say(func(_ *Call, r *Said) bool {
		return editJSON(r, func(o map[string]any) bool {
			for _, key := range slices.Sorted(maps.Keys(o)) {
				change(o, key)
				return true
			}
			return false
		})
	})
}

// wrongType makes an object of a value that is none.
func wrongType(o map[string]any, key string) {
	if _, object := o[key].(map[string]any); object {
		o[key] = 7
	} else {
		o[key] = map[string]any{"value": o[key]}
	}
}

// appendTo appends text to the longest string in an object.
func appendTo(o map[string]any, text string) bool {
	longest, set := "", func(any) {}
	found := false
	var walk func(v any, put func(any))
	walk = func(v any, put func(any)) {
		switch v := v.(type) {
		case string:
			if len(v) >= len(longest) {
				longest, found, set = v, true, put
			}
		case []any:
			for i, e := range v {
				walk(e, func(n any) { v[i] = n })
			}
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(v[k], func(n any) { v[k] = n })
			}
		}
	}
	walk(o, nil)
	set(longest + text)
	return found
}
