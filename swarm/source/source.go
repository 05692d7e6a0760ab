// Package source makes the sources of a task from files and bytes. It decodes them,
// extracts the text of HTML, mail, notebooks and similar formats, cuts the text
// into chunks and writes the outline that a planner sees instead of the text.
//
//	file ──ReadFile, ReadDir──▶ Text ──Chunk──▶ swarm.Source{Outline, Chunks}
//	bytes ──────Decode──────────▲
//
// Files does all of it, from paths to sources.
//
// Offsets are byte offsets into Text.Body, which is the file itself, byte for
// byte, unless Text.Converted says otherwise; a chunk's text always equals the
// bytes between its offsets. Everything here is a pure function of its input
// and safe for concurrent use.
package source

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
)

// Format is the detected format of a text. It decides which lines are headings.
type Format int

const (
	Plain    Format = iota // prose, logs, anything else that is text
	Markdown               // headings with # or underlined
	HTML                   // converted: Body is the readable text, laid out as Markdown
	Table                  // CSV or TSV: one record in each line; the first line names the columns
	Code                   // a program: its headings are its declarations, and before the first of them headings in comments
)

var formatNames = [...]string{"plain text", "Markdown", "HTML", "table", "code"}

func (f Format) String() string {
	if f < 0 || int(f) >= len(formatNames) {
		return fmt.Sprintf("Format(%d)", int(f))
	}
	return formatNames[f]
}

// Text is the content of a file as UTF-8, and how it was converted.
type Text struct {
	Name string // its name in citations; see Unique
	Path string // the file it was read from; empty if none
	Body string // valid UTF-8
	Format

	// Converted says that Body differs from the file's bytes, so that offsets refer
	// to Body and not to the file.
	Converted bool

	// Notes say how the bytes were converted and what is unusual about them, one
	// sentence each, for people.
	Notes []string
}

// Unique makes the names of texts unique, in place: it puts as many folders of Path
// before equal names as are needed to distinguish them, or else adds a number.
// Names that are already unique do not change.
func Unique(texts []Text) {
	taken := func() map[string]int {
		names := make(map[string]int, len(texts))
		for _, t := range texts {
			names[t.Name]++
		}
		return names
	}
	for depth := 2; depth <= 8; depth++ {
		taken := taken()
		for i, t := range texts {
			if longer := tail(t.Path, depth); t.Path != "" && taken[t.Name] > 1 && taken[longer] == 0 {
				texts[i].Name = longer
			}
		}
	}
	names, seen := taken(), make(map[string]bool, len(texts))
	for i, t := range texts {
		for n := 2; seen[texts[i].Name]; n++ {
			if again := fmt.Sprintf("%s (%d)", t.Name, n); names[again] == 0 {
				texts[i].Name = again
			}
		}
		seen[texts[i].Name] = true
	}
}

// tail gives the last n elements of a path, joined by slashes.
func tail(file string, n int) string {
	parts := strings.Split(path.Clean(filepath.ToSlash(file)), "/")
	return strings.TrimPrefix(path.Join(parts[max(0, len(parts)-n):]...), "/")
}
