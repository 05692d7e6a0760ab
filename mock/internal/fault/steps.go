package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// planFault is said where the reply holds a plan: a list of steps with IDs.
// Other replies are left as they are, and the log then names no fault.
func planFault(id, name, says string, r string, change func(steps []map[string]any) []map[string]any) Fault {
	return Fault{
		ID: id, Group: "H", Name: name, Says: says, Recovery: r, Charged: true,
		Do: say(func(_ *Call, r *Said) bool { return editPlan(r, change) }),
	}
}

// textFault is said where a reply is JSON.
func textFault(id, name, says string, r string, change func(text string) string) Fault {
	return Fault{
		ID: id, Group: "H", Name: name, Says: says, Recovery: r, Charged: true,
		Do: say(func(_ *Call, r *Said) bool {
			if !json.Valid([]byte(r.Text)) {
				return false
			}
			r.Text = change(r.Text)
			return true
		}),
	}
}

const (
	checked = "plans are checked before anybody is paid, and asked for again with what is wrong"
	lenient = "the JSON is in there, and is found"
)

var faultsOfPlans = []Fault{
	planFault("F48a", "a cycle in the plan", checked, Changed, func(steps []map[string]any) []map[string]any {
		steps = atLeast(steps, 2)
		needs(steps, 0, idOf(steps[1]))
		needs(steps, 1, idOf(steps[0]))
		return steps
	}),
	planFault("F48b", "a step needs one that is not there", checked, Changed, func(steps []map[string]any) []map[string]any {
		needs(steps, 0, "no-such-step")
		return steps
	}),
	planFault("F48c", "a step needs itself", checked, Changed, func(steps []map[string]any) []map[string]any {
		needs(steps, 0, idOf(steps[0]))
		return steps
	}),
	planFault("F48d", "two steps of one ID", checked, Changed, func(steps []map[string]any) []map[string]any {
		return append(steps, steps[0])
	}),
	textFault("F49a", "JSON in fences", lenient, Unharmed, func(t string) string { return "```json\n" + t + "\n```" }),
	textFault("F49b", "prose around JSON", lenient, Unharmed, func(t string) string {
		return "Here is the plan you asked for:\n\n" + t + "\n\nLet me know if you need {anything} else!"
	}),
	textFault("F49c", "fences and braces before JSON", "a stripper of fences must not break on what stands before", Unharmed, func(t string) string {
		return "Use `{id}` and ```like this```:\n```\n" + t + "\n```"
	}),
	textFault("F49d", "JSON with a comma too many", "mended, or asked for again", Changed, func(t string) string {
		return strings.TrimRight(t, "} \n") + ",}"
	}),
	planFault("F50", "an invented worker", "names are checked against those there are", Changed, func(steps []map[string]any) []map[string]any {
		for _, key := range sortedKeys(steps[0]) {
			if f := stepField(key); f == "over" || f == "tier" {
				if _, ok := steps[0][key].(string); ok {
					steps[0][key] = "expert-of-everything"
					return steps
				}
			}
		}
		steps[0]["worker"] = "expert-of-everything"
		return steps
	}),
	planFault("F51", "a plan of 5000 steps", "bounded in code, not in the prompt alone", Changed, func(steps []map[string]any) []map[string]any {
		return atLeast(steps, 5000)
	}),
	planFault("F52", "never done", "each plan holds one more step that no plan before had: rounds are bounded", Never, func(steps []map[string]any) []map[string]any {
		return atLeast(steps, len(steps)+1)
	}),
	planFault("F53", "the same steps again", "what is done or planned is not done twice", Unharmed, func(steps []map[string]any) []map[string]any {
		n := len(steps)
		for i := range n {
			again := copyOf(steps[i])
			again[idKey(again)] = fmt.Sprint(idOf(again), "-again")
			steps = append(steps, again)
		}
		return steps
	}),
}

// editPlan changes the steps of a plan, the first list of objects with IDs.
func editPlan(r *Said, change func([]map[string]any) []map[string]any) bool {
	return editJSON(r, func(v any) bool {
		return findList(v, func(list []any) ([]any, bool) {
			var steps []map[string]any
			for _, v := range list {
				o, ok := v.(map[string]any)
				if !ok || idKey(o) == "" {
					return nil, false
				}
				steps = append(steps, o)
			}
			if len(steps) == 0 {
				return nil, false
			}
			out := make([]any, 0, len(list))
			for _, s := range change(steps) {
				out = append(out, s)
			}
			return out, true
		})
	})
}

// findList offers each list in the objects of v, outermost first, until one is
// changed.
func findList(v any, change func([]any) ([]any, bool)) bool {
	o, _ := v.(map[string]any)
	for _, key := range sortedKeys(o) {
		if list, ok := o[key].([]any); ok {
			if out, ok := change(list); ok {
				o[key] = out
				return true
			}
		}
	}
	for _, key := range sortedKeys(o) {
		if findList(o[key], change) {
			return true
		}
	}
	return false
}

// editJSON changes a reply that is a JSON object.
func editJSON(r *Said, change func(v any) bool) bool {
	d := json.NewDecoder(strings.NewReader(r.Text))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil || v == nil || !change(v) {
		return false
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return false
	}
	r.Text = strings.TrimSpace(b.String())
	return true
}

// dropKey takes the first key out of an object.
func dropKey(v any) bool {
	o := v.(map[string]any)
	keys := sortedKeys(o)
	if len(keys) == 0 {
		return false
	}
	delete(o, keys[0])
	return true
}

// wrongTypes makes an object of the first value of another type.
func wrongTypes(v any) bool {
	o := v.(map[string]any)
	keys := sortedKeys(o)
	if len(keys) == 0 {
		return false
	}
	if _, object := o[keys[0]].(map[string]any); object {
		o[keys[0]] = 7
	} else {
		o[keys[0]] = map[string]any{"value": o[keys[0]]}
	}
	return true
}

// idKey is the key that holds a step's ID.
func idKey(o map[string]any) string {
	for _, key := range sortedKeys(o) {
		if _, ok := o[key].(string); ok && stepField(key) == "id" {
			return key
		}
	}
	return ""
}

func idOf(o map[string]any) string { return o[idKey(o)].(string) }

// needs lets a step need only another.
func needs(steps []map[string]any, i int, id string) {
	for key := range steps[i] {
		if stepField(key) == "needs" {
			steps[i][key] = []any{id}
			return
		}
	}
	steps[i]["needs"] = []any{id}
}

// atLeast fills a plan up with copies of its first step, each with an ID and
// an instruction of its own.
func atLeast(steps []map[string]any, n int) []map[string]any {
	for i := len(steps); i < n; i++ {
		s := copyOf(steps[0])
		s[idKey(s)] = fmt.Sprintf("%s-%d", idOf(s), i)
		for key, v := range s {
			if text, ok := v.(string); ok && stepField(key) == "do" {
				s[key] = fmt.Sprintf("%s (%d)", text, i)
			}
		}
		steps = append(steps, s)
	}
	return steps
}

func copyOf(o map[string]any) map[string]any {
	out := make(map[string]any, len(o))
	for k, v := range o {
		if list, ok := v.([]any); ok {
			v = slices.Clone(list)
		}
		out[k] = v
	}
	return out
}

func sortedKeys(o map[string]any) []string {
	keys := make([]string, 0, len(o))
	for k := range o {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// stepField is what a key of a step is for: "id", "do", "over", "needs", "tier".
func stepField(key string) string {
	switch key = strings.ToLower(key); key {
	case "instruction", "task", "prompt":
		return "do"
	case "name", "step":
		return "id"
	case "depends_on", "dependencies", "after":
		return "needs"
	}
	return key
}
