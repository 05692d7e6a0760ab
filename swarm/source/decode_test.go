package source_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm/source"
)

func TestDecodeReadsTextInItsEncodings(t *testing.T) {
	for _, c := range []struct {
		name, file, data, body string
		format                 source.Format
		converted              bool
	}{
		{"UTF-8", "a.txt", "grüße\n", "grüße\n", source.Plain, false},
		{"CRLF", "a.txt", "a\r\nb\r\n", "a\r\nb\r\n", source.Plain, false},
		{"UTF-8 with mark", "a.txt", "\ufeffabc", "\ufeffabc", source.Plain, false},
		{"UTF-16 little endian", "a.md", "\xff\xfea\x00\xe9\x00", "aé", source.Markdown, true},
		{"UTF-16 big endian, surrogates", "a", "\xfe\xff\x00a\xd8\x3d\xde\x00", "a😀", source.Plain, true},
		{"UTF-16 broken", "a", "\xff\xfea\x00\x00\xd8b\x00c", "a\ufffdb\ufffd", source.Plain, true},
		{"a few invalid bytes", "a.txt", "grüße, größe, süße, müße \xe9", "grüße, größe, süße, müße \ufffd", source.Plain, true},
		{"HTML by content", "page", "<!DOCTYPE html><p>a &amp; b", "a & b\n", source.HTML, true},
		{"HTML in GBK", "a.html", "<meta charset=\"gbk\"><p>\xc4\xe3\xba\xc3", "你好\n", source.HTML, true},
		{"HTML in ISO-2022-JP", "a.html", "<meta charset=iso-2022-jp><p>\x1b$B$\"\x1b(B", "あ\n", source.HTML, true},
		{"HTML in UTF-8 that says otherwise", "a.html", "<meta charset=\"iso-8859-1\"><p>grüße 你好", "grüße 你好\n", source.HTML, true},
		{"Markdown by content", "notes", "# A\n\ntext\n\n## B\n\ntext", "# A\n\ntext\n\n## B\n\ntext", source.Markdown, false},
		{"comments are no Markdown", "conf", "# one\n# two\nx = 1\n", "# one\n# two\nx = 1\n", source.Plain, false},
		{"CSV", "a.CSV", "a,b\n", "a,b\n", source.Table, false},
		{"code", "a.go", "package a\n", "package a\n", source.Code, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := source.Decode(c.file, []byte(c.data))
			if err != nil {
				t.Fatal(err)
			}
			if got.Body != c.body || got.Format != c.format || got.Converted != c.converted {
				t.Errorf("got %q, %v, converted %v; want %q, %v, %v", got.Body, got.Format, got.Converted, c.body, c.format, c.converted)
			}
			if got.Converted && len(got.Notes) == 0 {
				t.Error("converted, and no note says so")
			}
		})
	}
}

func TestDecodeRefusesWhatIsNotText(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       error
	}{
		{"empty", "", source.ErrEmpty},
		{"blank", " \n\t\n", source.ErrEmpty},
		{"only a mark", "\ufeff", source.ErrEmpty},
		{"a NUL", "text\x00text", source.ErrNotText},
		{"noise", strings.Repeat("\x9c\xfe\x81q\xe3", 50), source.ErrNotText},
		{"control characters", strings.Repeat("\x01a", 50), source.ErrNotText},
		{"PDF", "%PDF-1.7 text", source.ErrNotText},
	} {
		if _, err := source.Decode("a", []byte(c.data)); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := source.Decode("a.html", []byte("<script>x</script>")); !errors.Is(err, source.ErrEmpty) {
		t.Errorf("a page without text: error %v, want ErrEmpty", err)
	}
}

func TestReadDirReadsTextAndSaysWhatItSkipped(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{
		"a.txt": "alpha", "sub/b.md": "# Beta", "sub/image": "\x89PNG\r\n", ".git/config": "x", ".hidden": "x", "empty": "",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	links := os.Symlink(dir, filepath.Join(dir, "sub", "loop")) == nil &&
		os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "sub", "broken")) == nil
	texts, skipped, err := source.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names, left []string
	for _, txt := range texts {
		names = append(names, txt.Name)
	}
	for _, s := range skipped {
		left = append(left, filepath.Base(s.Path))
		if !strings.HasPrefix(s.String(), s.Path+": ") {
			t.Errorf("skip reads %q", s)
		}
	}
	want := []string{".git", ".hidden", "empty", "image"}
	if links {
		want = []string{".git", ".hidden", "empty", "broken", "image", "loop"}
	}
	if !slices.Equal(names, []string{"a.txt", "sub/b.md"}) || !slices.Equal(left, want) {
		t.Errorf("read %q, skipped %q; want a.txt, sub/b.md and %q", names, left, want)
	}
}

func TestFilesMakesSourcesAndLosesNothingSilently(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	for name, data := range map[string]string{"a/n.txt": "alpha", "b/n.txt": "beta", "b/image": "\x89PNG\r\n", "c/.hidden": "x"} {
		if err := os.MkdirAll(filepath.Dir(file(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file(name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sources, notes, err := source.Files(source.Options{}, file("a/n.txt"), file("b"))
	if err != nil || len(sources) != 2 || sources[0].Name == sources[1].Name || sources[1].Chunks[0].Text != "beta" {
		t.Errorf("sources %v, error %v", sources, err)
	}
	if len(notes) != 1 || !strings.HasPrefix(notes[0], "skipped "+file("b/image")+": ") {
		t.Errorf("notes %q", notes)
	}
	for want, paths := range map[error][]string{
		source.ErrEmpty:   {file("a"), file("c")},
		source.ErrNotText: {file("b/image")},
		os.ErrNotExist:    {file("missing")},
	} {
		if _, _, err := source.Files(source.Options{}, paths...); !errors.Is(err, want) {
			t.Errorf("%v: error %v, want %v", paths, err, want)
		}
	}
	if _, _, err := source.Files(source.Options{Size: 1}, file("a")); err == nil || !strings.Contains(err.Error(), "Size 1") {
		t.Errorf("a size of 1: error %v", err)
	}
}

func TestReadSaysWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	if _, err := source.ReadFile(dir); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("a directory: error %v", err)
	}
	if _, err := source.ReadFile(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: error %v", err)
	}
	if _, _, err := source.ReadDir(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing directory: error %v", err)
	}
	long := strings.Repeat("line\n", 1000)
	txt, err := source.Read("stdin", strings.NewReader(long))
	if err != nil || txt.Body != long {
		t.Errorf("%d bytes, error %v; want %d", len(txt.Body), err, len(long))
	}
	if _, err := source.Read("stdin", strings.NewReader("PK\x03\x04"+long)); !errors.Is(err, source.ErrNotText) {
		t.Errorf("an archive: error %v", err)
	}
}

func TestUniqueTellsTextsApart(t *testing.T) {
	texts := []source.Text{{Name: "a.md", Path: "x/p/a.md"}, {Name: "a.md", Path: "x/q/a.md"}, {Name: "b.md"}, {Name: "b.md"}, {Name: "c.md"}, {Name: "b.md (2)"}}
	source.Unique(texts)
	var names []string
	for _, txt := range texts {
		names = append(names, txt.Name)
	}
	seen := make(map[string]bool)
	for _, n := range names {
		if seen[n] {
			t.Errorf("%q twice in %q", n, names)
		}
		seen[n] = true
	}
	if !seen["q/a.md"] || !seen["c.md"] || !seen["b.md"] {
		t.Errorf("names %q", names)
	}
}
