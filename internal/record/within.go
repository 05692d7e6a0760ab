package record

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
)

var reference = regexp.MustCompile(`("\$ref"\s*:\s*"#)(/\$defs/|/definitions/)?([^"]*)"`)

// Within places a schema inside another one, which around makes of it: an object.
// What the schema defines for itself ($defs, definitions) is moved to the outer
// root, and its references follow. The order of the properties stays.
func Within(schema json.RawMessage, around func(json.RawMessage) json.RawMessage) json.RawMessage {
	if !bytes.Contains(schema, []byte(`"$`)) && !bytes.Contains(schema, []byte(`"definitions"`)) {
		return around(schema)
	}
	var own, defs []string
	self := "record" // the name of the schema itself, where it refers to itself
	member := func(name string, v json.RawMessage) string {
		key, _ := json.Marshal(name) // a string always encodes
		return string(key) + ":" + string(v)
	}
	for name, v := range findings.Each(schema) {
		switch name {
		case "$schema", "$id": // of a root alone
		case "$defs", "definitions":
			for name, def := range findings.Each(v) {
				defs = append(defs, member(name, def))
				if strings.HasPrefix(name, self) {
					self = name + "_"
				}
			}
		default:
			own = append(own, member(name, v))
		}
	}
	refers := false
	follow := func(text string) string {
		return reference.ReplaceAllStringFunc(text, func(ref string) string {
			m := reference.FindStringSubmatch(ref)
			if m[2] != "" {
				return m[1] + "/$defs/" + m[3] + `"`
			}
			refers = true
			return m[1] + "/$defs/" + self + m[3] + `"`
		})
	}
	inner := follow("{" + strings.Join(own, ",") + "}")
	all := follow(strings.Join(defs, ","))
	if refers {
		all = strings.Trim(all+","+member(self, json.RawMessage(inner)), ",")
		inner = `{"$ref":"#/$defs/` + self + `"}`
	}
	outer := around(json.RawMessage(inner))
	if all == "" {
		return outer
	}
	return json.RawMessage(strings.TrimSuffix(strings.TrimSpace(string(outer)), "}") + `,"$defs":{` + all + `}}`)
}
