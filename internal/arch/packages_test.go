package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/db31e724/go-swarm"

// pkg is what the rules need to know of a package. Imports are those of the
// package itself; what only its tests import is not in it.
type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string

	TestImports, XTestImports []string
}

// packages lists the module's packages. Imports are read, nothing is compiled.
var packages = sync.OnceValues(func() ([]pkg, error) {
	if err := seeSources(); err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,Deps,TestImports,XTestImports", "./...")
	cmd.Dir = root()
	out, err := cmd.Output()
	if err != nil {
		return nil, withStderr(err)
	}
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

// ours returns the module's packages that pattern matches; see matches.
func ours(t *testing.T, pattern string) []pkg {
	t.Helper()
	all, err := packages()
	if err != nil {
		t.Fatalf("list the module's packages: %v", err)
	}
	return slices.DeleteFunc(slices.Clone(all), func(p pkg) bool { return !matches(pattern, p.ImportPath) })
}

// matches tells whether path is the package that pattern names, or one below
// it where pattern ends in "/...". A pattern that begins with "./" is of this
// module.
func matches(pattern, path string) bool {
	if rest, ok := strings.CutPrefix(pattern, "."); ok && (rest == "" || rest[0] == '/') {
		pattern = module + rest
	}
	if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == tree || strings.HasPrefix(path, tree+"/")
	}
	return path == pattern
}

func matchesAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, path) })
}

// seeSources asks for each of the module's Go files. The cache of go test
// notes which files a test itself asks for, and not what a command reads that
// it starts; without this a change elsewhere would leave an old pass standing.
func seeSources() error {
	return filepath.WalkDir(root(), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && name != ".." && (name[0] == '.' || name == "testdata") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			_, err = os.Stat(path)
		}
		return err
	})
}

func root() string { return filepath.Join("..", "..") }

func withStderr(err error) error {
	if e, ok := errors.AsType[*exec.ExitError](err); ok && len(e.Stderr) > 0 {
		return errors.New(strings.TrimSpace(string(e.Stderr)))
	}
	return err
}
