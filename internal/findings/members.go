package findings

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"
)

// Each yields the members of a JSON object in their order; of anything else none.
func Each(object json.RawMessage) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		d := json.NewDecoder(bytes.NewReader(object))
		if t, _ := d.Token(); t != json.Delim('{') {
			return
		}
		for d.More() {
			name, _ := d.Token()
			key, _ := name.(string)
			var v json.RawMessage
			if d.Decode(&v) != nil || !yield(key, v) {
				return
			}
		}
	}
}

// Members returns the values of a JSON object by key, in lower case, and the
// keys that stand in it with two values, of which a decoder into a map would
// take the last and say nothing. Of anything else it returns nil.
func Members(raw []byte) (fields map[string]json.RawMessage, twice []string) {
	if text := bytes.TrimSpace(raw); !bytes.HasPrefix(text, []byte("{")) || !json.Valid(text) {
		return nil, nil
	}
	fields = map[string]json.RawMessage{}
	for name, v := range Each(raw) {
		key := strings.ToLower(strings.TrimSpace(name))
		if had, ok := fields[key]; ok && !bytes.Equal(had, v) {
			twice = append(twice, key)
		}
		fields[key] = v
	}
	return fields, twice
}
