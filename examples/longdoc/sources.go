package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/source"
)

// documents are the texts of a task, under unique names.
type documents struct {
	texts  []source.Text
	byName map[string]*source.Text
}

const (
	specQuestion = "What happens when a program sends to a closed channel, and what does a receive from a closed channel give?"
	goQuestion   = "Which environment variable says what module paths are private, so that no proxy and no checksum database is asked for them?"
)

// read reads the files of the settings, or the default document, for which it
// also sets the default question.
func read(s *settings, stdin io.Reader, stderr io.Writer) (*documents, error) {
	files := s.files
	if len(files) == 0 {
		file, question, err := defaultDocument(stderr)
		if err != nil {
			return nil, err
		}
		files = []string{file}
		if s.question == "" {
			s.question = question
		}
	}
	d := &documents{byName: map[string]*source.Text{}}
	usedStdin := false
	for _, file := range files {
		if file == "-" {
			if usedStdin {
				return nil, fmt.Errorf("-file -: standard input can be read once only")
			}
			usedStdin = true
			t, err := source.Read("stdin", stdin)
			if err != nil {
				return nil, fmt.Errorf("-file -: %w", err)
			}
			d.texts = append(d.texts, t)
			continue
		}
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			texts, skipped, err := source.ReadDir(file)
			if err != nil {
				return nil, fmt.Errorf("-file %s: %w", file, err)
			}
			for _, sk := range skipped {
				fmt.Fprintln(stderr, "skipped", sk)
			}
			if len(texts) == 0 {
				return nil, fmt.Errorf("-file %s: the directory holds no text file", file)
			}
			d.texts = append(d.texts, texts...)
			continue
		}
		t, err := source.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("-file %s: %w", file, err)
		}
		d.texts = append(d.texts, t)
	}
	source.Unique(d.texts)
	for i := range d.texts {
		t := &d.texts[i]
		d.byName[t.Name] = t
		for _, n := range t.Notes {
			fmt.Fprintf(stderr, "%s: %s\n", t.Name, n)
		}
	}
	return d, nil
}

// defaultDocument is the Go specification that ships with Go, or where a
// packager left it out, the go command's manual.
func defaultDocument(stderr io.Writer) (file, question string, err error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", "", fmt.Errorf("go env GOROOT: %w: name a file with -file", err)
	}
	root := strings.TrimSpace(string(out))
	spec := filepath.Join(root, "doc", "go_spec.html")
	if _, err := os.Stat(spec); err == nil {
		return spec, specQuestion, nil
	}
	manual := filepath.Join(root, "src", "cmd", "go", "alldocs.go")
	if _, err := os.Stat(manual); err == nil {
		fmt.Fprintln(stderr, "this Go has no doc/go_spec.html: reading the go command's manual instead")
		return manual, goQuestion, nil
	}
	return "", "", fmt.Errorf("this Go ships neither doc/go_spec.html nor src/cmd/go/alldocs.go: name a file with -file")
}

func (d *documents) size() int {
	n := 0
	for i := range d.texts {
		n += len(d.texts[i].Body)
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

func (d *documents) announce(sources []swarm.Source, stderr io.Writer) {
	chunks := 0
	for i := range sources {
		chunks += len(sources[i].Chunks)
	}
	what := fmt.Sprintf("%d texts", len(d.texts))
	if len(d.texts) == 1 {
		what = d.texts[0].Name
	}
	fmt.Fprintf(stderr, "reading %s: %d KB in %d chunks\n", what, (d.size()+999)/1000, chunks)
}

// dump writes the texts that had to be converted to a directory, under the
// base names of their files with ".txt" added, numbered where they collide.
func (d *documents) dump(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("-dump: %w", err)
	}
	used := map[string]int{}
	for i := range d.texts {
		t := &d.texts[i]
		if !t.Converted {
			continue
		}
		base := filepath.Base(t.Name)
		if t.Path != "" {
			base = filepath.Base(t.Path)
		}
		used[base]++
		name := base + ".txt"
		if n := used[base]; n > 1 {
			name = fmt.Sprintf("%s.%d.txt", base, n)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(t.Body), 0o644); err != nil {
			return fmt.Errorf("-dump: %w", err)
		}
	}
	return nil
}
