package fault

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
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
	return object(func(o map[string]any) bool {
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

// object is said where a reply is a JSON object.
func object(change func(o map[string]any) bool) Do {
	return say(func(_ *Call, r *Said) bool {
		d := json.NewDecoder(strings.NewReader(r.Text))
		d.UseNumber()
		var o map[string]any
		if err := d.Decode(&o); err != nil || o == nil || !change(o) {
			return false
		}
		b, err := wire.JSON(o)
		r.Text = strings.TrimSpace(string(b))
		return err == nil
	})
}

// firstKey changes an object at its first key.
func firstKey(change func(o map[string]any, key string)) Do {
	return object(func(o map[string]any) bool {
		keys := slices.Sorted(maps.Keys(o))
		if len(keys) > 0 {
			change(o, keys[0])
		}
		return len(keys) > 0
	})
}

// jsonString is a string in JSON, and the colon behind it where it is a key.
var jsonString = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"(\s*:)?`)

// inject appends to the longest string of JSON, or to a text that is none.
func inject(words string) Do {
	return say(func(_ *Call, r *Said) bool {
		at, longest, more := len(r.Text), -1, words
		if json.Valid([]byte(r.Text)) {
			for _, m := range jsonString.FindAllStringSubmatchIndex(r.Text, -1) {
				if n := m[3] - m[2]; m[4] < 0 && n >= longest {
					at, longest, more = m[3], n, strings.Trim(wire.Quote(words), `"`)
				}
			}
		}
		r.Text = r.Text[:at] + more + r.Text[at:]
		return true
	})
}
