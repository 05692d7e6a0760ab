package mock

import "strings"

// steps writes the plan's steps in the words of the schema of a step.
func (f *filler) steps(items node, plan []step) {
	items, err := resolveIn(f.root, items)
	if err != nil {
		items = node{kind: kindObject}
	}
	f.b.WriteByte('[')
	for i, st := range plan {
		if i > 0 {
			f.b.WriteByte(',')
		}
		f.step(items, st, i)
	}
	f.b.WriteByte(']')
}

func (f *filler) step(s node, st step, n int) {
	for _, key := range []string{"anyOf", "oneOf"} {
		if any, ok := s.get(key); ok && len(any.items) > 0 {
			best := any.items[0]
			for _, b := range any.items {
				b, err := resolveIn(f.root, b)
				props, _ := b.get("properties")
				for _, m := range props.members {
					if err == nil && stepField(m.key) == "over" && fans(m.val, st.fan) {
						best = b
					}
				}
			}
			s = best
		}
	}
	props, _ := s.get("properties")
	f.b.WriteByte('{')
	for i, m := range props.members {
		if i > 0 {
			f.b.WriteByte(',')
		}
		f.quoted(m.key)
		f.b.WriteByte(':')
		f.stepValue(m.val, m.key, st, n)
	}
	f.b.WriteByte('}')
}

var (
	fanNames  = []string{"chunks", "chunk", "each_chunk", "every_chunk", "per_chunk", "passages", "all_chunks", "sources", "documents", "each", "all", "map"}
	onceNames = []string{"once", "none", "single", "no", "one"}
)

func fanWords(fan bool) []string {
	if fan {
		return fanNames
	}
	return onceNames
}

// fans tells whether a schema allows a word for what a step fans out over.
func fans(s node, fan bool) bool {
	_, ok := pickEnum(s, fanWords(fan))
	return ok
}

func pickEnum(s node, want []string) (string, bool) {
	var values []node
	if e, ok := s.get("enum"); ok {
		values = e.items
	}
	if c, ok := s.get("const"); ok {
		values = append(values, c)
	}
	for _, w := range want {
		for _, v := range values {
			if strings.EqualFold(v.text, w) {
				return v.text, true
			}
		}
	}
	return "", false
}

// stepValue writes one property of a step.
func (f *filler) stepValue(s node, name string, st step, n int) {
	if t, err := resolveIn(f.root, s); err == nil {
		s = t
	}
	types := typesOf(s)
	is := func(t string) bool {
		for _, x := range types {
			if x == t {
				return true
			}
		}
		return false
	}
	field := stepField(name)
	if c, ok := s.get("const"); ok {
		f.raw(c)
		return
	}
	switch {
	case field == "over":
		if v, ok := pickEnum(s, fanWords(st.fan)); ok {
			f.quoted(v)
			return
		}
		if _, enum := s.get("enum"); !enum && is("string") {
			f.quoted(fanWords(st.fan)[0])
			return
		}
	case field == "do" && is("string"):
		f.text(s, st.do)
		return
	case field == "id" && is("string"):
		f.text(s, st.id)
		return
	case field == "id" && is("integer"):
		f.value(s, "", said{}, 0)
		return
	case field == "select" && is("array"):
		f.names(s, st.sources)
		return
	case field == "select" && is("string"):
		if _, enum := s.get("enum"); !enum {
			f.quoted(strings.Join(st.sources, ", "))
			return
		}
	}
	// All else stays empty: what a step needs, a list of items, a shape.
	switch _, enum := s.get("enum"); {
	case is("null"):
		f.b.WriteString("null")
	case is("array"):
		f.names(s, nil)
	case enum:
		if v, ok := pickEnum(s, []string{"", "none", "default", "finding", "text", "small", "low", "basic", "any"}); ok {
			f.quoted(v)
			return
		}
		f.value(s, "", said{abstain: true}, 1)
	default:
		f.value(s, "", said{}, 1)
	}
}

// names writes a list of strings, kept to what the schema takes.
func (f *filler) names(s node, names []string) {
	items, _ := s.get("items")
	allowed := func(string) bool { return true }
	if e, ok := items.get("enum"); ok {
		allowed = func(v string) bool {
			for _, n := range e.items {
				if n.text == v {
					return true
				}
			}
			return false
		}
	}
	f.b.WriteByte('[')
	first := true
	for _, v := range names {
		if !allowed(v) {
			continue
		}
		if !first {
			f.b.WriteByte(',')
		}
		first = false
		f.quoted(v)
	}
	f.b.WriteByte(']')
}
