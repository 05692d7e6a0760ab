package chat

import (
	"encoding/json"
	"strings"
)

// elsewhere looks for the object that a schema asked for where some servers put it
// when the reply's text is empty: in the arguments of a tool that nobody gave, or
// at last in the reasoning.
func (g *got) elsewhere() {
	if strings.TrimSpace(g.text.String()) != "" {
		return
	}
	said, called := g.thought.String(), len(g.tools)
	if called > 0 {
		said = g.tools[called-1].Arguments
	}
	object := lastObject(said)
	if object != "" && called > 0 {
		g.tools, g.finish = nil, "stop"
	}
	g.text.WriteString(object)
}

const mostBraces = 256 // that are tried

// lastObject returns the last JSON object of a text.
func lastObject(text string) (object string) {
	for range mostBraces {
		at := strings.IndexByte(text, '{')
		if at < 0 {
			break
		}
		text = text[at:]
		d := json.NewDecoder(strings.NewReader(text))
		if d.Decode(&struct{}{}) != nil {
			text = text[1:]
			continue
		}
		object, text = text[:d.InputOffset()], text[d.InputOffset():]
	}
	return object
}
