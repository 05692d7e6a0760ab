package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/mock"
)

// The file in docs/mock.md is one that the program takes.
func TestTheDocumentedConfigurationIsTaken(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "mock.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```json\n")
	text, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("docs/mock.md shows no configuration")
	}
	c, err := mock.ReadConfig(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Models) != 2 || len(c.Faults) != 2 {
		t.Errorf("got %+v", c)
	}
}
