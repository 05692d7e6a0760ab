package container

import (
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/swarm/source/internal/page"
)

// lines is a text that a notebook holds whole or in lines; anything else is
// empty.
type lines string

func (l *lines) UnmarshalJSON(data []byte) error {
	var one string
	var many []string
	if json.Unmarshal(data, &one) == nil {
		*l = lines(one)
	} else if json.Unmarshal(data, &many) == nil {
		*l = lines(strings.Join(many, ""))
	}
	return nil
}

type notebook struct {
	Format   int `json:"nbformat"`
	Cells    []notebookCell
	Metadata struct {
		Language struct{ Name string }     `json:"language_info"`
		Kernel   struct{ Language string } `json:"kernelspec"`
	}
}

type notebookCell struct {
	Kind    string `json:"cell_type"`
	Source  lines
	Outputs []struct {
		Text      lines
		Data      map[string]lines
		Traceback []string
	}
	Attachments map[string]json.RawMessage
}

var color = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`)

// Notebook reads a Jupyter notebook: its cells in order, code and what it put
// out between fences. Pictures are named.
func Notebook(body string) (t Text, ok bool) {
	var n notebook
	if !strings.Contains(body, `"nbformat"`) || json.Unmarshal([]byte(body), &n) != nil || n.Cells == nil {
		return t, false
	}
	var out strings.Builder
	var left []string
	for _, c := range n.Cells {
		switch text := string(c.Source); {
		case strings.TrimSpace(text) == "":
		case c.Kind == "code":
			out.WriteString(page.Fenced(cmp.Or(n.Metadata.Language.Name, n.Metadata.Kernel.Language), text) + "\n\n")
		default:
			out.WriteString(strings.TrimRight(text, " \t\r\n") + "\n\n")
		}
		left = append(left, slices.Sorted(maps.Keys(c.Attachments))...)
		for _, o := range c.Outputs {
			text := string(o.Text+o.Data["text/plain"]) + strings.Join(o.Traceback, "\n")
			switch html := string(o.Data["text/html"]); {
			case o.Data["text/markdown"] != "":
				out.WriteString(string(o.Data["text/markdown"]) + "\n\n")
			case strings.Contains(html, "<table"):
				text, notes := page.Text(html)
				t.Notes = append(t.Notes, notes...)
				out.WriteString(text + "\n")
			case strings.TrimSpace(text) != "":
				out.WriteString(page.Fenced("", color.ReplaceAllString(text, "")) + "\n\n")
			}
			for _, kind := range slices.Sorted(maps.Keys(o.Data)) {
				if !strings.HasPrefix(kind, "text/") {
					left = append(left, kind)
				}
			}
		}
	}
	t.Body = out.String()
	t.Notes = append(t.Notes, "notebook converted to text: offsets point into the converted text")
	t.leftOut("pictures and other data of the cells", left)
	return t, true
}
