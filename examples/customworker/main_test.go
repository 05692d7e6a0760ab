package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/swarmtest"
)

func tree(t *testing.T, files map[string]string) string {
	dir := filepath.Join(t.TempDir(), "code")
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestItAddsUpPackagesAndSaysWhatFailed(t *testing.T) {
	dir := tree(t, map[string]string{
		"a/one.go":        "package a\n\nfunc One() {\n}\n",
		"a/two.go":        "package a\n\nfunc Two() {\n\tOne()\n}\n\nfunc Three() {}\n",
		"b/doc.go":        "package b\n",
		"b/broken.go":     "package b\n\nfunc {\n",
		"b/only_test.go":  "package b\n\nfunc T() {}\n",
		"testdata/odd.go": "package odd\n\nfunc Odd() {}\n",
		"big.go":          "package code\n\nfunc Big() {" + strings.Repeat("\n", 50) + "}\n",
	})
	var out bytes.Buffer
	if err := run(t.Context(), dir, 10, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	want := `package  files  lines  functions  longest function
code     1      53     1          51 lines: Big, big.go:3
code/a   2      11     3          3 lines: Two, two.go:3

5 files: 3 measured, 1 without functions, 1 that could not be read
`
	got := out.String()
	if !strings.HasPrefix(got, want) {
		t.Errorf("it printed\n%s\nwant\n%s", got, want)
	}
	if !strings.Contains(got, "broken.go:3") {
		t.Errorf("it does not say where the broken file is broken:\n%s", got)
	}
}

func TestItPrintsNoMorePackagesThanAsked(t *testing.T) {
	dir := tree(t, map[string]string{
		"a/a.go": "package a\n\nfunc A() {}\n",
		"b/b.go": "package b\n\nfunc B() {}\n",
	})
	var out bytes.Buffer
	if err := run(t.Context(), dir, 1, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "code/a") || strings.Contains(got, "code/b") {
		t.Errorf("it printed\n%s", got)
	}
}

func TestItSaysWhatIsWrong(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	full := tree(t, map[string]string{"a.go": "package a\n\nfunc A() {}\n"})
	for name, c := range map[string]struct {
		ctx  context.Context
		dir  string
		want string
	}{
		"no such directory": {t.Context(), filepath.Join(full, "gone"), "gone"},
		"no Go files":       {t.Context(), t.TempDir(), "no Go files"},
		"cancelled":         {cancelled, full, "canceled"},
	} {
		err := run(c.ctx, c.dir, 10, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want %q in it", name, err, c.want)
		}
	}
}

func TestMeasureIsAWorker(t *testing.T) {
	swarmtest.TestWorker(t, func() swarm.Worker { return swarm.WorkerFunc(measure) })
}
