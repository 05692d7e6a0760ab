package mock_test

import (
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/mock"
)

// strictly is a request for a reply by a strict schema.
func strictly(schema string) string {
	return ask(`,"response_format":{"type":"json_schema","json_schema":{"name":"out","strict":true,"schema":` + schema + `}}`)
}

// object is a strict schema of one property "a".
func object(a string) string {
	return `{"type":"object","properties":{"a":` + a + `},"required":["a"],"additionalProperties":false}`
}

func TestStrictSchemasAreRefusedAsInStrictMode(t *testing.T) {
	nested := `{"type":"string"}`
	for range 10 {
		nested = object(nested)
	}
	s := server(model(mock.Say("never said")))
	for _, c := range []struct{ name, schema, want string }{
		{"array at the root", `{"type":"array","items":{"type":"string"}}`, `got 'type: "array"'`},
		{"no type at the root", `{}`, "schema must be a JSON Schema of 'type: \"object\"'"},
		{"anyOf at the root", `{"type":"object","anyOf":[]}`, "must not have 'anyOf'"},
		{"open object", `{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}`, "'additionalProperties' is required"},
		{"open inner object", object(`{"type":"object","properties":{},"additionalProperties":true}`), "In context=('properties', 'a'), 'additionalProperties'"},
		{"optional property", `{"type":"object","properties":{"a":{"type":"string"}},"required":[],"additionalProperties":false}`, "Missing 'a'"},
		{"unknown required", `{"type":"object","properties":{},"required":["b"],"additionalProperties":false}`, "Extra required key 'b'"},
		{"properties an array", `{"type":"object","properties":[],"additionalProperties":false}`, "'/properties': got array, want object"},
		{"property not a schema", object(`true`), "schema must be an object, got a boolean"},
		{"no type", object(`{"description":"d"}`), "must have a 'type' key"},
		{"type a number", object(`{"type":3}`), "/properties/a/type': value must be one of 'array', "},
		{"odd type", object(`{"type":"date"}`), "/properties/a/type'"},
		{"array without items", object(`{"type":"array"}`), "array schema missing items"},
		{"allOf", object(`{"type":"string","allOf":[]}`), "'allOf' is not permitted"},
		{"oneOf", object(`{"oneOf":[{"type":"string"}]}`), "'oneOf' is not permitted"},
		{"not", object(`{"type":"string","not":{}}`), "'not' is not permitted"},
		{"if", object(`{"type":"string","if":{}}`), "'if' is not permitted"},
		{"minLength", object(`{"type":"string","minLength":1}`), "'minLength' is not permitted"},
		{"default", object(`{"type":"string","default":"x"}`), "'default' is not permitted"},
		{"patternProperties", `{"type":"object","patternProperties":{},"additionalProperties":false}`, "'patternProperties' is not permitted"},
		{"lookahead", object(`{"type":"string","pattern":"(?=a)"}`), "not valid regex"},
		{"pattern a number", object(`{"type":"string","pattern":1}`), "pattern': got number, want string"},
		{"odd format", object(`{"type":"string","format":"colour"}`), "'colour' is not a valid format"},
		{"minimum a string", object(`{"type":"number","minimum":"1"}`), "minimum': got string, want number"},
		{"minItems below 0", object(`{"type":"array","items":{"type":"string"},"minItems":-1}`), "minItems': minimum: got -1"},
		{"enum empty", object(`{"type":"string","enum":[]}`), "'enum' must be an array"},
		{"anyOf empty", object(`{"anyOf":[]}`), "anyOf': minItems"},
		{"bad in anyOf", object(`{"anyOf":[{"type":"null"},{"type":"object"}]}`), "('properties', 'a', 'anyOf', '1')"},
		{"bad in items", object(`{"type":"array","items":{"type":"object"}}`), "('properties', 'a', 'items')"},
		{"bad in $defs", `{"type":"object","$defs":{"d":{"type":"array"}},"properties":{},"additionalProperties":false}`, "('$defs', 'd')"},
		{"remote reference", object(`{"$ref":"http://x/y"}`), "must be '#' or of the form"},
		{"reference to nothing", object(`{"$ref":"#/$defs/no"}`), "not found"},
		{"reference with a sibling", object(`{"$ref":"#","description":"d"}`), "$ref cannot have keywords {'description'}"},
		{"eleven levels", nested, "nested deeper than 10 levels"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := post(t.Context(), s, strictly(c.schema))
			e := a.refusal(t)
			if a.status != 400 || deref(e.Param) != "response_format" || deref(e.Code) != "null" || !strings.Contains(e.Message, c.want) {
				t.Errorf("got %d %s, want %q", a.status, a.body, c.want)
			}
		})
	}
}

func TestRepliesAreHeldToTheirSchema(t *testing.T) {
	tree := `{"type":"object","properties":{"name":{"type":"string"},"kids":{"type":"array","items":{"$ref":"#"}},"more":{"$ref":"#/$defs/m"}},
		"required":["name","kids","more"],"additionalProperties":false,"$defs":{"m":{"anyOf":[{"type":"null"},{"$ref":"#"}]}}}`
	endless := `{"type":"object","properties":{"a":{"$ref":"#/$defs/d"}},"required":["a"],"additionalProperties":false,
		"$defs":{"d":{"anyOf":[{"$ref":"#/$defs/e"},{"$ref":"#/$defs/e"}]},"e":{"anyOf":[{"$ref":"#/$defs/d"},{"$ref":"#/$defs/d"}]}}}`
	kind := func(name, more, required string) string {
		return `{"type":"object","properties":{"kind":{"enum":["` + name + `"]},"form":{"enum":["x","y"]}` + more + `},"required":["kind",` + required + `],"additionalProperties":false}`
	}
	union := object(`{"anyOf":[` + kind("first", `,"b":{"type":"number"}`, `"form","b"`) + `,` +
		kind("second", `,"c":{"type":"number"},"d":{"type":"array","items":{"enum":[1]}},"e":{"type":"null"}`, `"form","c","d","e"`) + `,` +
		strings.Replace(kind("last", `,"f":{"type":"number"}`, `"f"`), `"form":{"enum":["x","y"]},`, "", 1) + `]}`)
	for _, c := range []struct{ name, schema, text, wrong string }{
		{"all that a kind lacks", union, `{"a":{"kind":"second","form":"x"}}`, "at '/a': missing properties 'c', 'd', 'e'"},
		{"the first kind lacks one", union, `{"a":{"kind":"first","form":"x"}}`, "at '/a': missing property 'b'"},
		{"no value of a kind's field", union, `{"a":{"kind":"second","form":"z","c":1,"d":[],"e":null}}`, "at '/a/form': value must be one of 'x', 'y'"},
		{"no values deep in a kind", union, `{"a":{"kind":"second","form":"x","c":1,"d":[1,2,3],"e":null}}`, "at '/a/d/2': value must be 1"},
		{"no such kind", union, `{"a":{"kind":"none","form":"x","b":1}}`, "at '/a/kind': value must be 'first'"},
		{"kind left out", union, `{"a":{"form":"x","b":1}}`, "at '/a': missing property 'kind'"},
		{"null or a kind", object(`{"anyOf":[` + kind("first", "", `"form"`) + `,{"type":"null"}]}`), `{"a":{"kind":"none","form":"x"}}`, "at '/a/kind': value must be 'first'"},
		{"null or one of some", object(`{"anyOf":[{"enum":["x"]},{"type":"null"}]}`), `{"a":"y"}`, "at '/a': value must be 'x'"},
		{"plain", object(`{"type":"string"}`), `{"a":"x"}`, ""},
		{"not JSON", object(`{"type":"string"}`), `Sure! {"a":"x"}`, "not JSON"},
		{"missing key", object(`{"type":"string"}`), `{}`, "missing property 'a'"},
		{"extra key", object(`{"type":"string"}`), `{"a":"x","b":1}`, "additional properties 'b'"},
		{"wrong type", object(`{"type":"string"}`), `{"a":3}`, "at '/a': got number"},
		{"nullable", object(`{"type":["string","null"]}`), `{"a":null}`, ""},
		{"integer", object(`{"type":"integer"}`), `{"a":2.0}`, ""},
		{"not an integer", object(`{"type":"integer"}`), `{"a":2.5}`, "want integer"},
		{"boolean and number", object(`{"type":["boolean","number"]}`), `{"a":true}`, ""},
		{"enum", object(`{"enum":["x",1,[2],{"k":null},true]}`), `{"a":{"k":null}}`, ""},
		{"enum array", object(`{"enum":[[2]]}`), `{"a":[2]}`, ""},
		{"not in enum", object(`{"type":"string","enum":["x"]}`), `{"a":"y"}`, "value must be 'x'"},
		{"const", object(`{"const":"x"}`), `{"a":"y"}`, "value must be 'x'"},
		{"const object", object(`{"const":{"k":1}}`), `{"a":{"j":1}}`, "'const' failed"},
		{"any of", object(`{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"null"}}]}`), `{"a":[null]}`, ""},
		{"none of", object(`{"anyOf":[{"type":"string"},{"type":"null"}]}`), `{"a":1}`, "want string"},
		{"too few items", object(`{"type":"array","items":{"type":"string"},"minItems":1}`), `{"a":[]}`, "minItems"},
		{"too many items", object(`{"type":"array","items":{"type":"string"},"maxItems":1}`), `{"a":["x","y"]}`, "maxItems"},
		{"pattern", object(`{"type":"string","pattern":"^b+$"}`), `{"a":"bb"}`, ""},
		{"against pattern", object(`{"type":"string","pattern":"^b+$"}`), `{"a":"c"}`, "pattern"},
		{"in range", object(`{"type":"number","minimum":0,"maximum":1,"multipleOf":0.1}`), `{"a":0.3}`, ""},
		{"below", object(`{"type":"number","exclusiveMinimum":0}`), `{"a":0}`, "exclusiveMinimum"},
		{"above", object(`{"type":"number","exclusiveMaximum":1}`), `{"a":1}`, "exclusiveMaximum"},
		{"not a multiple", object(`{"type":"integer","multipleOf":5}`), `{"a":7}`, "multipleOf"},
		{"recursive", tree, `{"name":"a","kids":[{"name":"b","kids":[],"more":null}],"more":{"name":"c","kids":[],"more":null}}`, ""},
		{"recursive, deep inside", tree, `{"name":"a","kids":[{"name":1,"kids":[],"more":null}],"more":null}`, "/kids/0/name"},
		{"endless schema", endless, `{"a":1}`, "reference cycle"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := server(model(mock.Say(c.text)))
			a := post(t.Context(), s, strictly(c.schema))
			if c.wrong == "" {
				if got := deref(a.completion(t).Choices[0].Message.Content); got != c.text {
					t.Errorf("got %s", got)
				}
				return
			}
			if e := a.refusal(t); a.status != 422 || deref(e.Code) != "reply_departs" || !strings.Contains(e.Message, c.wrong) {
				t.Errorf("got %d %s", a.status, a.body)
			}
			if e := s.Log()[0]; !strings.Contains(e.Error, c.wrong) || e.Charge {
				t.Errorf("the log says %q, charged %v", e.Error, e.Charge)
			}
		})
	}
}

func TestJSONObjectModeWantsAnObject(t *testing.T) {
	body := `{"model":"m","messages":[{"role":"user","content":"Answer in JSON."}],"response_format":{"type":"json_object"}}`
	for text, status := range map[string]int{`{"a":[1]}`: 200, `[1]`: 422, `{`: 422} {
		if a := post(t.Context(), server(model(mock.Say(text))), body); a.status != status {
			t.Errorf("%s: got %d %s", text, a.status, a.body)
		}
	}
}

func TestUncheckedRepliesPass(t *testing.T) {
	s := server(model(mock.Script(mock.Reply{Text: `{"a":`, Unchecked: true})))
	c := post(t.Context(), s, strictly(object(`{"type":"string"}`))).completion(t)
	if got := deref(c.Choices[0].Message.Content); got != `{"a":` {
		t.Errorf("got %q", got)
	}
}
