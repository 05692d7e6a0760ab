package record_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/internal/record"
)

// list is the schema of a list of what is put into it.
func list(of json.RawMessage) json.RawMessage {
	return json.RawMessage(`{"type":"object","properties":{"list":{"type":"array","items":` + string(of) + `}}}`)
}

const tree = `{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://example.com/tree","type":"object","additionalProperties":false,
	"required":["name","kind","kids"],"properties":{"name":{"type":"string","description":"as in \"$ref\": \"#\""},"kind":{"$ref":"#/$defs/kind"},"kids":{"type":"array","items":{"$ref":"#"}}},
	"$defs":{"kind":{"type":"string","enum":["leaf","bough"]},"record":{"$ref":"#/properties/name"}}}`

func TestASchemaWithinAnotherMeansWhatItMeantAlone(t *testing.T) {
	const flat = `{"type":"object","properties":{"b":{"type":"string"},"a":{"type":"string"}}}`
	if got := string(record.Within(json.RawMessage(flat), list)); got != string(list(json.RawMessage(flat))) {
		t.Error(got)
	}
	for name, c := range map[string]struct{ schema, right, wrong string }{
		"itself and what it defines": {
			tree, `{"name":"a","kind":"bough","kids":[{"name":"b","kind":"leaf","kids":[]}]}`,
			`{"name":"a","kind":"bough","kids":[{"name":"b","kind":"root","kids":[]}]}`,
		},
		"in the old words": {
			`{"type":"object","properties":{"a":{"$ref":"#/definitions/n"}},"definitions":{"n":{"type":"number"}}}`,
			`{"a":1}`, `{"a":"1"}`,
		},
		"a path into itself": {
			`{"type":"object","properties":{"a":{"type":"number"},"b":{"$ref":"#/properties/a"}}}`,
			`{"a":1,"b":2}`, `{"b":"2"}`,
		},
	} {
		var check record.Checker
		outer := record.Within(json.RawMessage(c.schema), list)
		if again := string(record.Within(json.RawMessage(c.schema), list)); again != string(outer) {
			t.Errorf("%s: not the same each time:\n%s\n%s", name, outer, again)
		}
		if fault := check.Fault(outer, json.RawMessage(`{"list":[`+c.right+`]}`)); fault != "" {
			t.Errorf("%s: %s\n%s", name, fault, outer)
		}
		if check.Fault(outer, json.RawMessage(`{"list":[`+c.wrong+`]}`)) == "" {
			t.Errorf("%s: %s is let through by\n%s", name, c.wrong, outer)
		}
		if strings.Count(string(outer), `"$defs"`) != 1 || strings.Contains(string(outer), `"$id"`) || strings.Contains(string(outer), `"definitions"`) {
			t.Errorf("%s: %s", name, outer)
		}
	}
}

func TestASchemaThatIsNoneIsTold(t *testing.T) {
	var check record.Checker
	for schema, want := range map[string]string{
		`{"type":`:                "the schema",
		`{"type":"strange"}`:      "the schema",
		`{"$ref":"#/$defs/none"}`: "the schema",

		`{"$ref":"https://example.com/far.json"}`: "the schema",
	} {
		if fault := check.Fault(json.RawMessage(schema), json.RawMessage(`{}`)); !strings.HasPrefix(fault, want) {
			t.Errorf("%s: %q", schema, fault)
		}
	}
}

func TestFieldsOfFieldsAreToldByTheSchema(t *testing.T) {
	if got := record.Fields(json.RawMessage(tree)); !strings.Contains(got, "JSON Schema: "+tree) {
		t.Error(got)
	}
	if got := record.InWords(json.RawMessage(`{"b":"x","a":[1],"none":null,"empty":""}`)); got != "b: x; a: [1]" {
		t.Error(got)
	}
}
