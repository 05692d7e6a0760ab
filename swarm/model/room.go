package model

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

// NoRoom marks a refusal of class swarm.ClassTooLong that a smaller MaxOut avoids:
// the prompt fits by itself, but prompt and reply together exceed the model's
// context or the account's tokens per minute.
type NoRoom struct {
	Limit  int // tokens of prompt and reply together
	Prompt int // tokens of the prompt, as the server counts; 0: unknown
	Err    error
}

func (e *NoRoom) Error() string { return e.Err.Error() }
func (e *NoRoom) Unwrap() error { return e.Err }

// EstimateTokens estimates the tokens of the prompt: texts, schema, tools, and a
// few tokens for the framing of each message.
func (r Request) EstimateTokens() int {
	n := 3
	for _, m := range r.Messages {
		n += 4 + swarm.EstimateTokens(m.Content)
		for _, t := range m.ToolCalls {
			n += 8 + swarm.EstimateTokens(t.Arguments)
		}
	}
	if r.Schema != nil {
		n += swarm.EstimateTokens(string(r.Schema.JSON))
	}
	for _, t := range r.Tools {
		n += 8 + swarm.EstimateTokens(t.Description) + swarm.EstimateTokens(string(t.Schema))
	}
	return n
}

var (
	// named is a word with figures in it, as the name of a model.
	named = regexp.MustCompile(`[a-z_][\w./:-]*\d[\w./:-]*|\d[\w./:-]*[a-z_][\w./:-]*`)
	// anyNumber is one that is no part of a date or a fraction.
	anyNumber = regexp.MustCompile(`^(\d{1,3}(?:,\d{3})+|\d{2,9})$`)
	// limitNumber is one that a server names as its limit.
	limitNumber = regexp.MustCompile(`(?:limit(?:ed to)?|maximum|max model len|context|window|at most|up to|only|(?:more|less|greater|longer|larger) than|exceeds?|>|<=?|≤)` +
		`[^.\d]{0,40}?(\d[\d,]*)|(\d[\d,]*)(?: tokens?)? (?:limit|context|window|maximum)`)
)

const (
	leastRoom = 256 // tokens of a limit that is one
	farOff    = 4   // so many times the estimate, or its part, no prompt has
)

// room reads from a refusal of r how many tokens prompt and reply may have
// together, and how many the prompt has (0: not told). ok says that the prompt
// would fit by itself. Every server words it in its own way: the limit is a
// number beside a word for it, and the prompt's one near the estimate, told by
// itself or in a sum with the reply. Of a rate limit only such a sum counts; where
// a refusal of a prompt that is too long tells only its limit, the estimate does.
func (p *Problem) room(r Request, class swarm.Class) (limit, prompt int, ok bool) {
	said := strings.ReplaceAll(strings.ToLower(p.Message)+p.sizes, "-token", " token")
	said = named.ReplaceAllString(said, "_")
	est, out := r.EstimateTokens(), r.MaxOut
	var all, limits []int
	for _, f := range strings.FieldsFunc(said, func(r rune) bool { return !strings.ContainsRune("0123456789.,-", r) }) {
		if f = strings.TrimRight(f, ".,"); anyNumber.MatchString(f) {
			all = append(all, count(f))
		}
	}
	for _, m := range limitNumber.FindAllStringSubmatch(said, -1) {
		if l := count(m[1] + m[2]); l >= leastRoom {
			limits = append(limits, l)
		}
	}
	near := func(n int) bool { return n > est/farOff && n < est*farOff }
	over := func(n, limit int) bool { return n < limit && n+out > limit }
	sums := []int{0, out}
	if class == swarm.ClassRateLimited {
		sums = sums[1:]
	}
	for _, sum := range sums {
		for _, l := range limits {
			for _, n := range all {
				if n != l && (n != out || slices.Contains(all, 2*out)) && near(n-sum) && over(n-sum, l) {
					if strings.Contains(said, "at least") { // it has not counted to the end
						return l, 0, true
					}
					return l, n - sum, true
				}
			}
		}
	}
	for _, l := range limits {
		if class == swarm.ClassTooLong && over(est, l) && !slices.ContainsFunc(all, func(n int) bool { return n > l && n != out && near(n) }) {
			return l, 0, true
		}
	}
	return 0, 0, false
}

func count(s string) int {
	n, _ := strconv.Atoi(strings.ReplaceAll(s, ",", "")) // figures
	return n
}
