package findings

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Members returns the values of a JSON object by key, in lower case, and the
// keys that stand in it with two values, of which a decoder into a map would
// take the last and say nothing. Of anything else it returns nil.
func Members(raw []byte) (fields map[string]json.RawMessage, twice []string) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, _ := d.Token(); t != json.Delim('{') || !json.Valid(raw) {
		return nil, nil
	}
	fields = map[string]json.RawMessage{}
	for d.More() {
		t, _ := d.Token()
		name, _ := t.(string)
		var v json.RawMessage
		d.Decode(&v) // it is valid
		key := strings.ToLower(strings.TrimSpace(name))
		if had, ok := fields[key]; ok && !bytes.Equal(had, v) {
			twice = append(twice, key)
		}
		fields[key] = v
	}
	return fields, twice
}
