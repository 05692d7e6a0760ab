package source

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

const (
	maxFile = 256 << 20 // bytes of one file that are read
	maxDir  = 1 << 30   // bytes of all files of a directory
)

// ReadFile reads and decodes one file of at most 256 MB, as Decode does. The text
// is named after the last element of the file's path.
func ReadFile(file string) (Text, error) {
	f, err := os.Open(file)
	if err != nil {
		return Text{}, fmt.Errorf("read source: %w", err)
	}
	defer f.Close()
	t, err := Read(filepath.Base(file), f)
	t.Path = file
	return t, err
}

// Read reads r to its end, at most 256 MB, and decodes it as Decode does. A
// known binary format is refused after its first bytes.
func Read(name string, r io.Reader) (Text, error) {
	in := bufio.NewReader(io.LimitReader(r, maxFile+1))
	head, _ := in.Peek(512) // its error comes again
	if err := binaryKind(name, head); err != nil {
		return Text{}, fmt.Errorf("read source: %w", err)
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return Text{}, fmt.Errorf("read source %s: %w", name, err)
	}
	if len(data) > maxFile {
		return Text{}, fmt.Errorf("read source %s: more than %d MB; cut the file into parts", name, maxFile>>20)
	}
	t, err := Decode(name, data)
	if err != nil {
		return Text{}, fmt.Errorf("read source: %w", err)
	}
	return t, nil
}

// Skip is a file or folder that ReadDir skipped, and why.
type Skip struct {
	Path string
	Err  error
}

func (s Skip) String() string { return s.Path + ": " + s.Err.Error() }

// ReadDir reads the text files of a directory and its subdirectories, in lexical
// order. Their names are their paths relative to dir. It lists what it skips:
// hidden files and folders (such as .git), files that are not text or cannot be
// read, and links to directories. The error is non-nil only if dir itself cannot be
// read.
func ReadDir(dir string) ([]Text, []Skip, error) {
	var texts []Text
	var skipped []Skip
	total := int64(0)
	root := filepath.Clean(dir)
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		root = resolved // WalkDir does not follow a root that is a link
	}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		skip := func(why error) { skipped = append(skipped, Skip{file, why}) }
		switch {
		case err != nil && file == root:
			return err
		case err != nil:
			skip(err)
			return nil
		case file != root && strings.HasPrefix(d.Name(), "."):
			skip(errors.New("hidden"))
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		}
		info, err := os.Stat(file) // follows a link to a file
		switch {
		case err != nil:
			skip(err)
		case info.IsDir():
			skip(errors.New("a symbolic link to a directory, which is not followed"))
		case !info.Mode().IsRegular():
			skip(errors.New("neither a file nor a directory"))
		case total+info.Size() > maxDir:
			skip(fmt.Errorf("the directory's files exceed %d MB", maxDir>>20))
		default:
			t, err := ReadFile(file)
			if err != nil {
				skip(err)
				return nil
			}
			if rel, err := filepath.Rel(root, file); err == nil {
				t.Name = filepath.ToSlash(rel)
			}
			total += info.Size()
			texts = append(texts, t)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read directory: %w", err)
	}
	return texts, skipped, nil
}

// Files makes the sources of a task from files, and from directories as ReadDir
// does: it gives the texts unique names and chunks each. notes say what was skipped
// in directories and what was converted, one sentence each, for people. A path that
// cannot be read, and a directory without a text file, is an error.
func Files(o Options, paths ...string) (sources []swarm.Source, notes []string, err error) {
	var texts []Text
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			t, err := ReadFile(path)
			if err != nil {
				return nil, nil, err
			}
			texts = append(texts, t)
			continue
		}
		found, skipped, err := ReadDir(path)
		if err == nil && len(found) == 0 {
			err = fmt.Errorf("read directory: %s: %w: %d files were skipped", path, ErrEmpty, len(skipped))
		}
		if err != nil {
			return nil, nil, err
		}
		texts = append(texts, found...)
		for _, s := range skipped {
			notes = append(notes, "skipped "+s.String())
		}
	}
	Unique(texts)
	for _, t := range texts {
		s, err := Chunk(t, o)
		if err != nil {
			return nil, nil, err
		}
		sources = append(sources, s)
		for _, n := range t.Notes {
			notes = append(notes, t.Name+": "+n)
		}
	}
	return sources, notes, nil
}
