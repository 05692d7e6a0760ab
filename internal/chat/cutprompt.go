package chat

import (
	"unicode"

	"github.com/db31e724/go-swarm/swarm/model"
)

// leastContext is less than any model's context in use: a server that counts
// fewer tokens of a prompt counts in a way of its own, and has cut nothing.
const leastContext = 1000

// promptCut says that a server that counted so many tokens of a prompt has
// read only a part of it: some, Ollama for one, drop what does not fit their
// context and answer the rest. It is certain of what it says and misses what
// was cut by less than about a half.
func promptCut(r *model.Request, counted int) bool {
	return counted >= leastContext && counted < leastTokens(r)
}

// leastTokens is a number of tokens below that of any tokenizer: three
// quarters of the words, which are a token each at least but for rare
// tokenizers that join words, and a quarter of the letters of scripts that set
// no spaces.
func leastTokens(r *model.Request) int {
	words, wide := 0, 0
	for _, m := range r.Messages {
		inside := false
		for _, c := range m.Content {
			switch {
			case c >= 0x0e00 && unicode.IsLetter(c):
				wide++
				inside = false
			case c < 0x80 && (c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9') || c >= 0x80 && unicode.IsLetter(c):
				if !inside {
					words++
				}
				inside = true
			case c <= ' ' || unicode.IsSpace(c):
				inside = false
			}
		}
	}
	return words*3/4 + wide/4
}
