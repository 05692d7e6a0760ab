package chat

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// saidLimit is how many runes of a provider's own words go into an error.
const saidLimit = 200

// scrubber takes secrets out of a text.
type scrubber []string

// secretsOf lists what must never be seen of an endpoint: its key, and the
// values of its headers, which may hold keys too.
func secretsOf(e Endpoint) []string {
	var out []string
	add := func(s string) {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
			if q := url.QueryEscape(s); q != s {
				out = append(out, q)
			}
		}
	}
	add(e.Key)
	for _, values := range e.Header {
		for _, v := range values {
			if len(v) >= 8 {
				add(v)
				if _, token, ok := strings.Cut(v, " "); ok && len(token) >= 8 {
					add(token)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return out
}

var (
	looksLikeURL = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s"'<>]+`)
	looksLikeKey = regexp.MustCompile(`(?i)\b(?:bearer|basic)\s+[^\s"',]{4,}` +
		`|\b(?:sk|pk|rk|gsk|hf|xai|key|csk|fw|tgp|r8|ghp|gho|nvapi|pplx|api|token|secret|eyj)[-_*][^\s"',;)]{6,}` +
		`|\b(?:AIza|ya29\.|eyJ|github_pat_)[^\s"',;)]{6,}` +
		`|[A-Za-z0-9_-]*\*{3,}[A-Za-z0-9_*-]*`)
)

// hide takes the secrets themselves out of text.
func (s scrubber) hide(text string) string {
	for _, secret := range s {
		text = replaceFold(text, secret, "[key]")
	}
	return text
}

// clean returns text on one line without secrets, URLs and what looks like a
// key, at most saidLimit runes long.
func (s scrubber) clean(text string) string {
	text = s.hide(text)
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
	return cutRunes(text, saidLimit)
}

// replaceFold replaces old, in any ASCII case, by new.
func replaceFold(text, old, new string) string {
	lower, low := asciiLower(text), asciiLower(old)
	if !strings.Contains(lower, low) {
		return text
	}
	var b strings.Builder
	for {
		i := strings.Index(lower, low)
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i] + new)
		text, lower = text[i+len(old):], lower[i+len(old):]
	}
}

// asciiLower keeps byte offsets, which strings.ToLower does not.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// cutRunes returns at most n runes of s, the last one "…" if some are missing.
func cutRunes(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	for i := range s {
		if n--; n == 0 {
			return s[:i] + "…"
		}
	}
	return s
}

// repeats says whether said holds a passage of the prompt, as it is or as JSON
// writes it, so that it cannot be shown.
func repeats(said string, r *Request) bool {
	const window = 24 // bytes; shorter common passages are chance or a field's name
	said = jsonEscape.ReplaceAllStringFunc(said, func(s string) string {
		n, _ := strconv.ParseUint(s[2:], 16, 16) // four digits
		return string(rune(n))
	})
	for i := 0; i+window <= len(said); i += 4 {
		for _, m := range r.Messages {
			if strings.Contains(m.Content, said[i:i+window]) {
				return true
			}
		}
	}
	return false
}

var jsonEscape = regexp.MustCompile(`\\u[0-9a-fA-F]{4}`)
