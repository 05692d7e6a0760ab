package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

const opening = `{"type":"object","properties":{"year":{"type":"integer"},"what":{"$ref":"#/$defs/thing"}},"required":["year","what"],"additionalProperties":false,
	"$defs":{"thing":{"type":"string"}}}`

func TestSchemaMakesTheAnswerData(t *testing.T) {
	status, stdout, stderr := start(t, nil, "-json", "-q", "When was the bridge opened?", "-file", "-", "-schema", file(t, "answer.json", opening))
	var printed struct {
		Answer    string
		Citations []swarm.Citation
	}
	var data struct{ Year int }
	if err := json.Unmarshal([]byte(stdout), &printed); err != nil || status != exitOK {
		t.Fatalf("%v, status %d\n%s%s", err, status, stdout, stderr)
	}
	if err := json.Unmarshal([]byte(printed.Answer), &data); err != nil || data.Year != 1904 || len(printed.Citations) != 1 || !strings.Contains(printed.Citations[0].Quote, "1904") {
		t.Errorf("%v: %s", err, stdout)
	}
	for schema, want := range map[string]string{"none.json": "-schema: open none.json", file(t, "a.json", "{"): "Task.Schema is not JSON", file(t, "b.json", `{"type":"odd"}`): "Task.Schema: the schema"} {
		if status, _, stderr := start(t, nil, "-q", "When?", "-file", "-", "-schema", schema); status != exitFailed || !strings.Contains(stderr, want) {
			t.Errorf("status %d, want %q:\n%s", status, want, stderr)
		}
	}
}
