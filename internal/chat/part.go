package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

// begins keeps the beginning of a reply, or of an event, that broke off or
// was too large to be read: what came of it was written, and is billed.
func (x *exchange) begins(raw []byte) {
	if x.part == nil {
		x.part = bytes.Clone(raw[:min(len(raw), maxPart)])
	}
}

// came returns the text that came, for the ledger at least: of a reply that
// err broke off in the middle, as much as its beginning shows, and of one that
// was too large no more than it might have had.
func (x *exchange) came(g *got, err error) string {
	text := g.text.String()
	switch {
	case errors.Is(err, errTooLarge):
	case err == nil || text != "" || x.problem != nil:
		return text
	}
	if text == "" {
		text = partialText(x.part)
	}
	if n, most := swarm.EstimateTokens(text), x.r.MaxOut; most > 0 && n > most {
		text = strings.ToValidUTF8(text[:int(int64(len(text))*int64(most)/int64(n))], "")
	}
	return text
}

// partialText returns as much of the first content as a JSON text that may end
// anywhere holds.
func partialText(raw []byte) string {
	_, raw, found := bytes.Cut(raw, []byte(`"content":`))
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if !found || len(raw) == 0 || raw[0] != '"' {
		return ""
	}
	raw = raw[1:]
	end, whole := 0, 0 // whole: the end of the last whole character or escape
	for end < len(raw) && raw[end] != '"' {
		n := 1
		if raw[end] == '\\' {
			if n = 2; end+1 < len(raw) && raw[end+1] == 'u' {
				n = 6
			}
		}
		if end += n; end <= len(raw) {
			whole = end
		}
	}
	var text string
	if json.Unmarshal([]byte(`"`+string(bytes.ToValidUTF8(raw[:whole], nil))+`"`), &text) != nil {
		return ""
	}
	return text
}
