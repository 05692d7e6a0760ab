package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

func TestControlCharactersAreShownAndNotObeyed(t *testing.T) {
	for name, c := range map[string]struct {
		writes []string
		want   string
	}{
		"text":                      {[]string{"one\ttwo\n", "三 é שלום 🙂"}, "one\ttwo\n三 é שלום 🙂"},
		"colour and title":          {[]string{"\x1b[31mred\x1b]0;owned\a"}, "␛[31mred␛]0;owned␇"},
		"delete, NUL":               {[]string{"a\x7fb\x00"}, "a␡b␀"},
		"C1, spelt out and as byte": {[]string{"a\u009b2Jb\x9b2J"}, "a\ufffd2Jb\ufffd2J"},
		"lines of DOS":              {[]string{"a\r\nb\r", "\nc"}, "a\nb\nc"},
		"a line written over":       {[]string{"all is lost\rwell"}, "all is lostwell"},
	} {
		var out bytes.Buffer
		v := visible(&out)
		for _, w := range c.writes {
			if n, err := io.WriteString(v, w); n != len(w) || err != nil {
				t.Errorf("%s: wrote %d of %d, %v", name, n, len(w), err)
			}
		}
		if out.String() != c.want {
			t.Errorf("%s: %q, want %q", name, out.String(), c.want)
		}
	}
	gone := errors.New("gone")
	if _, err := io.WriteString(visible(writerFunc(func([]byte) (int, error) { return 0, gone })), "x"); !errors.Is(err, gone) {
		t.Errorf("the error of the writer below is lost: %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestNothingReadSteersTheTerminal(t *testing.T) {
	const evil = "\x1b]0;owned\a"
	dir := t.TempDir()
	path := filepath.Join(dir, "a"+evil+".txt")
	if err := os.WriteFile(path, []byte("The bridge was opened"+evil+" in 1904.\n"), 0o644); err != nil {
		t.Skip("this file system takes no such name: ", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "noise"+evil+".bin"), []byte{0, 0xff, 0, 0xfe}, 0o644); err != nil {
		t.Fatal(err)
	}
	steers := func(r rune) bool { return r != '\n' && r != '\t' && unicode.IsControl(r) }
	for name, args := range map[string][]string{
		"answer": {"-q", "When was the bridge opened?", "-file", dir},
		"log":    {"-v", "-q", "When was the bridge opened" + evil + "?", "-file", dir},
		"json":   {"-json", "-q", "When was the bridge opened?", "-file", path},
	} {
		s, err := parse(args, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		s.paced = false
		var out, log bytes.Buffer
		if err := answer(t.Context(), s, nil, &out, &log, noEnv); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "json" { // which escapes them
			var r reply
			if err := json.Unmarshal(out.Bytes(), &r); err != nil || len(r.Citations) == 0 || !strings.Contains(r.Citations[0].Quote, evil) {
				t.Errorf("-json does not keep what the text holds: %v\n%s", err, out.String())
			}
		} else if !strings.Contains(out.String(), "opened␛]0;owned␇ in 1904") {
			t.Errorf("%s: the passage is not shown: %s", name, out.String())
		}
		if text := out.String() + log.String(); strings.ContainsFunc(text, steers) {
			t.Errorf("%s: a control character in %q", name, text)
		}
	}
	for name, args := range map[string][]string{
		"missing file": {"-q", "x?", "-file", "missing" + evil},
		"unknown flag": {"-frob" + evil},
		"argument":     {"what" + evil},
	} {
		_, stdout, stderr := start(t, nil, args...)
		if strings.ContainsFunc(stdout+stderr, steers) || !strings.Contains(stderr, "owned") {
			t.Errorf("%s: %q %q", name, stdout, stderr)
		}
	}
}
