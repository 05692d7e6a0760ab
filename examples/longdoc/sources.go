package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/build"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/source"
)

// documents are the texts of a task, under unique names.
type documents struct {
	texts    []source.Text
	question string   // to ask where nobody asked one
	notes    []string // what a reader of the texts should know: what was skipped, what converted
}

const (
	specQuestion = "What happens when a program sends to a closed channel, and what does a receive from a closed channel give?"
	goQuestion   = "Which environment variable says what module paths are private, so that no proxy and no checksum database is asked for them?"
)

// read reads the files, or where there are none the default document. It
// returns at the end of ctx even if a read hangs, as of a pipe that nobody
// writes to: that read is left behind, for nothing can end it but the end of
// the process.
func read(ctx context.Context, files []string, stdin io.Reader) (*documents, error) {
	d := &documents{}
	done := make(chan error, 1)
	go func() { done <- d.readAll(files, stdin) }()
	select {
	case err := <-done:
		return d, err
	case <-ctx.Done():
		return nil, fmt.Errorf("read the sources: %w", context.Cause(ctx))
	}
}

func (d *documents) readAll(files []string, stdin io.Reader) error {
	if len(files) == 0 {
		file, err := d.defaultFile()
		if err != nil {
			return err
		}
		files = []string{file}
	}
	for i, file := range files {
		if file == "-" && slices.Contains(files[:i], "-") {
			return errors.New("-file -: standard input can be read once only")
		}
		if err := d.add(file, stdin); err != nil {
			return fmt.Errorf("-file %s: %w", file, err)
		}
	}
	source.Unique(d.texts)
	for _, t := range d.texts {
		for _, n := range t.Notes {
			d.notes = append(d.notes, t.Name+": "+n)
		}
	}
	return nil
}

// add reads one file, the files of a directory, or standard input.
func (d *documents) add(file string, stdin io.Reader) error {
	if file == "-" {
		t, err := source.Read("stdin", stdin)
		d.texts = append(d.texts, t)
		return err
	}
	if info, err := os.Stat(file); err != nil || !info.IsDir() {
		t, err := source.ReadFile(file)
		d.texts = append(d.texts, t)
		return err
	}
	texts, skipped, err := source.ReadDir(file)
	for _, s := range skipped[:min(len(skipped), mostNamed)] {
		d.notes = append(d.notes, "skipped "+s.String())
	}
	if n := len(skipped) - mostNamed; n > 0 {
		d.notes = append(d.notes, fmt.Sprintf("skipped %d more", n))
	}
	if err == nil && len(texts) == 0 {
		err = errors.New("the directory holds no text file")
	}
	d.texts = append(d.texts, texts...)
	return err
}

// mostNamed is how many files that are not read are named.
const mostNamed = 20

// defaultFile is the Go specification that ships with Go, or where a packager
// left it out, the go command's manual, each with a question to suit.
func (d *documents) defaultFile() (string, error) {
	for _, ships := range []struct{ path, question string }{
		{"doc/go_spec.html", specQuestion},
		{"src/cmd/go/alldocs.go", goQuestion},
	} {
		file := filepath.Join(build.Default.GOROOT, ships.path)
		if _, err := os.Stat(file); err == nil {
			d.question = ships.question
			return file, nil
		}
	}
	return "", errors.New("this Go ships neither doc/go_spec.html nor src/cmd/go/alldocs.go: name a file with -file")
}

func (d *documents) size() int {
	n := 0
	for _, t := range d.texts {
		n += len(t.Body)
	}
	return n
}

func (d *documents) chunk(tokens int) ([]swarm.Source, error) {
	sources := make([]swarm.Source, len(d.texts))
	for i, t := range d.texts {
		var err error
		if sources[i], err = source.Chunk(t, source.Options{Size: tokens}); err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return sources, nil
}

// dump writes the texts that had to be converted to a directory, under the
// base names of their files with ".txt" added, numbered where they collide.
func (d *documents) dump(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("-dump: %w", err)
	}
	used := map[string]int{}
	for _, t := range d.texts {
		if !t.Converted {
			continue
		}
		base := filepath.Base(cmp.Or(t.Path, t.Name))
		name := base + ".txt"
		if used[base]++; used[base] > 1 {
			name = fmt.Sprintf("%s.%d.txt", base, used[base])
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(t.Body), 0o644); err != nil {
			return fmt.Errorf("-dump: %w", err)
		}
	}
	return nil
}
