package model

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// saidLimit is how many runes of a provider's own words go into an error.
const saidLimit = 200

// scrubber takes secrets out of a text, in any case and also as a URL's query
// writes them.
type scrubber []*regexp.Regexp

func newScrubber(secrets []string) (s scrubber) {
	longest := func(a, b string) int { return len(b) - len(a) }
	for _, v := range slices.SortedFunc(slices.Values(secrets), longest) {
		v = strings.ToValidUTF8(strings.TrimSpace(v), "")
		if v != "" {
			s = append(s, regexp.MustCompile("(?i)"+regexp.QuoteMeta(v)+"|"+regexp.QuoteMeta(url.QueryEscape(v))))
		}
	}
	return s
}

var (
	looksLikeURL = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s"'<>]+`)
	looksLikeKey = regexp.MustCompile(`(?i)\b(?:bearer|basic)\s+[^\s"',]{4,}` +
		`|\b(?:sk|pk|rk|gsk|hf|xai|key|csk|fw|tgp|r8|ghp|gho|nvapi|pplx|api|token|secret|eyj)[-_*][^\s"',;)]{6,}` +
		`|\b(?:AIza|ya29\.|eyJ|github_pat_)[^\s"',;)]{6,}` +
		`|[A-Za-z0-9_-]*\*{3,}[A-Za-z0-9_*-]*`)
)

// clean returns text on one line without secrets, URLs and what looks like a
// key, at most saidLimit runes long.
func (s scrubber) clean(text string) string {
	for _, secret := range s {
		text = secret.ReplaceAllLiteralString(text, "[key]")
	}
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\ufffd"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	text = looksLikeURL.ReplaceAllString(text, "[url]")
	text = looksLikeKey.ReplaceAllStringFunc(text, func(s string) string {
		if !strings.ContainsAny(s, "0123456789*") {
			return s // a name like token_limit_exceeded
		}
		return "[key]"
	})
	if r := []rune(text); len(r) > saidLimit {
		text = string(r[:saidLimit-1]) + "…"
	}
	return text
}

// maxSaid is how many bytes of a provider's words are looked at to be shown.
const maxSaid = 1000

// repeats says whether said holds a passage of the prompt, as it is or as JSON
// writes it, so that it cannot be shown.
func repeats(said string, prompt []Message) bool {
	const window = 24 // bytes; shorter common passages are chance or a field's name
	said = jsonEscape.ReplaceAllStringFunc(said, func(s string) string {
		n, _ := strconv.ParseUint(s[2:], 16, 16) // four digits
		return string(rune(n))
	})
	windows := map[string]bool{}
	for i := 0; i+window <= len(said); i++ {
		windows[said[i:i+window]] = true
	}
	for _, m := range prompt {
		for i := 0; i+window <= len(m.Content); i += 4 {
			if windows[m.Content[i:i+window]] {
				return true
			}
		}
	}
	return false
}

var jsonEscape = regexp.MustCompile(`\\u[0-9a-fA-F]{4}`)
