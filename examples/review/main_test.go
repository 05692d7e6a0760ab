package main

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func review(t *testing.T, files fs.FS) string {
	t.Setenv("OPENAI_BASE_URL", "")
	t.Setenv("OPENAI_API_KEY", "")
	var out strings.Builder
	if err := run(t.Context(), files, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestPlantedFaultsAreListedByGravity(t *testing.T) {
	files, err := fs.Sub(shop, "testdata")
	if err != nil {
		t.Fatal(err)
	}
	got, from := review(t, files), 0
	for _, want := range []string{
		"names.go:15: critical: Initials reads past", "i <= len(parts)\n",
		"store.go:15: critical: Find puts the name into SQL",
		"orders.go:25: major: Overdue",
		"store.go:27: major: An error is thrown away.\n\tquote verified: true: data, _ := os.ReadFile(path)\n",
		"store.go:17: minor: The error is not wrapped",
		"names.go:7: refuted (the second result of strings.CutPrefix is a bool): An error is thrown away.",
	} {
		at := strings.Index(got[from:], want)
		if at < 0 {
			t.Fatalf("%q does not come next in what it printed:\n%s", want, got)
		}
		from += at + len(want)
	}
	if strings.Count(got, "quote verified: true") != 6 || strings.Contains(got, "false") {
		t.Errorf("it printed\n%s", got)
	}
}

func TestCodeOfOnesOwn(t *testing.T) {
	files := fstest.MapFS{
		"a/fine.go":  {Data: []byte("package a\n")},
		"a/b/bad.go": {Data: []byte("package b\n\nfunc F() {\n\tx, _ := g.Call()\n}\n")},
		"notes.txt":  {Data: []byte("i <= len(x)\n")},
	}
	got := review(t, files)
	if !strings.HasPrefix(got, "a/b/bad.go:4: major: An error is thrown away.") || strings.Count(got, "verified") != 1 {
		t.Errorf("it printed\n%s", got)
	}
	delete(files, "a/b/bad.go")
	if got := review(t, files); got != "" {
		t.Errorf("of code without faults it printed\n%s", got)
	}
}
