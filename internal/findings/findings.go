// Package findings shows results to a model and reads its references to them:
// it fences what is data, numbers citations, and follows the numbers through
// the text that the model writes. Prompts of planner and workers share it.
//
//	results ──Render──▶ fenced text with [1] [2] …  ──model──▶ text with [7] [2] …
//	                                                             │
//	                    text with [1] [2] …, its citations ◀──Renumber
package findings

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// labelRunes is the most that a label, an instruction or a doubt may take of a
// line of its own.
const labelRunes = 200

// Fence wraps text so that a model can tell it from instructions and that
// nothing in the text can end the wrapping early:
//
//	<data-5f3a09c1 label="spec.html">
//	text
//	</data-5f3a09c1>
//
// The marker carries a hash of the text, and one that the text itself holds
// (in any case of letters) is never taken: whoever wrote the text could not
// write its end. The text stands verbatim; the label is scrubbed to one line.
// The same arguments give the same fence.
func Fence(label, text string) string {
	tag := "data-" + marker(text)
	if label = Line(label, labelRunes); label != "" {
		label = ` label="` + strings.NewReplacer(`"`, "'", "<", "‹", ">", "›").Replace(label) + `"`
	}
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return "<" + tag + label + ">\n" + text + "</" + tag + ">\n"
}

// marker returns eight hex digits that do not occur in text. A text that holds
// the hash of itself can be searched for, so the hash is drawn again until it
// is not in the text.
func marker(text string) string {
	folded := strings.ToLower(text)
	h := sha256.New()
	h.Write([]byte(text))
	for n := 0; ; n++ {
		sum := h.Sum(nil)
		if m := hex.EncodeToString(sum[:4]); !strings.Contains(folded, m) {
			return m
		}
		h.Write([]byte(strconv.Itoa(n)))
	}
}

// Line makes one line of s for a prompt: white space is folded, what is not
// printable is left out, and a line longer than most runes is cut with "…".
func Line(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) && !unicode.IsSpace(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)
	s = fold(s)
	if utf8.RuneCountInString(s) > most {
		return string([]rune(s)[:most]) + "…"
	}
	return s
}
