package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestItAnswersFromTheHandbook(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	got := out.String()
	for _, want := range []string{"Beaufort", "[1] handbook.md, bytes ", "verified: true", "chunks read in", "$"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in what it printed:\n%s", want, got)
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got, " in 5 calls,") { // a slow call is made a second time
		got, _, _ = strings.Cut(got, "3 of 3 chunks")
	}
	if !strings.Contains(string(readme), got) {
		t.Errorf("README.md does not show what it printed:\n%s", got)
	}
}

func TestTheReadmeShowsThisProgram(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(readme), "```go\npackage main\n")
	if !ok {
		t.Fatal("README.md has no Go program")
	}
	block, _, _ = strings.Cut(block, "```")
	_, code, _ := strings.Cut(string(program), "package main\n")
	if block != code {
		t.Error("the program in README.md is not examples/quickstart/main.go from its package clause on")
	}
}
