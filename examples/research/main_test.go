package main

import (
	"strings"
	"testing"
)

func TestExample(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"## Trade\n\nBefore the railway fish was salted.", "the catch doubled in ten years. [1] The salt works closed in 1899",
		"## Town\n\nThe railway company built forty houses in Terrace Road for its men in 1896. [3]\n",
		`[2] tool:read#2 {"Title":"Salt works"}, verified: true`, "map[read:3 search:4]",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in what it printed:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "verified: false") {
		t.Error(out.String())
	}
}
