package wire

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Redacted stands where a key stood.
const Redacted = "[redacted]"

// leastSecret is the length from which a key is looked for in texts. Shorter
// ones, such as "x" or "test", protect nothing and would hit ordinary words;
// they are taken out of headers and queries alone.
const leastSecret = 6

// SecretHeader says whether a header carries a key, a cookie or the name of
// an account.
func SecretHeader(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, "-token") || name == "openai-organization" || name == "openai-project" ||
		slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(name, word) })
}

var secretWords = []string{"authorization", "api-key", "apikey", "cookie", "secret", "password", "subscription-key"}

// secretParam is the same for a parameter of a query.
func secretParam(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains([]string{"key", "token", "sig", "signature"}, name) || SecretHeader(strings.ReplaceAll(name, "_", "-"))
}

// Secrets are the keys that a request carries, in every spelling in which
// they may come back, the longest first.
func Secrets(h http.Header, query url.Values) []string {
	var out []string
	for name, values := range h {
		if !SecretHeader(name) {
			continue
		}
		for _, v := range values {
			out = append(out, keysIn(v)...)
		}
	}
	for name, values := range query {
		if secretParam(name) {
			out = append(out, values...)
		}
	}
	for _, s := range out {
		out = append(out, spellings(s)...)
	}
	out = slices.DeleteFunc(out, func(s string) bool { return len(s) < leastSecret })
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(out)
}

// keysIn are the keys in a header's value: the words of "Bearer KEY", the
// password of a Basic one, the values of cookies.
func keysIn(value string) []string {
	var out []string
	for part := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ' ' || r == ';' || r == ',' }) {
		if scheme := strings.ToLower(part); scheme == "bearer" || scheme == "basic" {
			continue
		}
		out = append(out, part)
		if _, v, ok := strings.Cut(part, "="); ok {
			out = append(out, strings.Trim(v, `"`))
		}
		if plain, err := base64.StdEncoding.DecodeString(part); err == nil {
			if _, password, ok := strings.Cut(string(plain), ":"); ok {
				out = append(out, password)
			}
		}
	}
	return out
}

// Quote is a text as JSON.
func Quote(text string) string {
	b, _ := json.Marshal(text) // a string: cannot fail
	return string(b)
}

// spellings are how a text stands in JSON and in a URL, where that differs.
func spellings(s string) []string {
	plain, _ := JSON(s) // a string: cannot fail
	return []string{
		strings.Trim(Quote(s), `"`), strings.Trim(string(plain), "\"\n"),
		url.QueryEscape(s), url.PathEscape(s),
	}
}

// Redact is a text without keys.
func Redact(text string, keys []string) string {
	pieces := [][]byte{[]byte(text)}
	if !RedactPieces(pieces, keys) {
		return text
	}
	return string(pieces[0])
}

// RedactPieces takes keys out of a text that comes in pieces, also where a key
// spans several: the mark stands where the key began. It says whether there
// was one.
func RedactPieces(pieces [][]byte, keys []string) bool {
	whole := bytes.Join(pieces, nil)
	var secret []bool // by byte
	for _, key := range keys {
		for from := 0; ; from++ {
			i := bytes.Index(whole[from:], []byte(key))
			if i < 0 {
				break
			}
			if secret == nil {
				secret = make([]bool, len(whole)+1)
			}
			from += i
			for k := range len(key) {
				secret[from+k] = true
			}
		}
	}
	if secret == nil {
		return false
	}
	at := 0
	for i, p := range pieces {
		var out []byte
		for _, c := range p {
			if !secret[at] {
				out = append(out, c)
			} else if at == 0 || !secret[at-1] {
				out = append(out, Redacted...)
			}
			at++
		}
		pieces[i] = out
	}
	return true
}

// CleanHeader is a copy of headers without what is secret.
func CleanHeader(h http.Header, keys []string) http.Header {
	out := http.Header{}
	for name, values := range h {
		if !SecretHeader(name) {
			out[name] = RedactAll(values, keys)
		}
	}
	return out
}

// RedactAll is texts without keys.
func RedactAll(values, keys []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = Redact(v, keys)
	}
	return out
}

// RedactQuery is a query in its canonical form, without keys.
func RedactQuery(query url.Values, keys []string) string {
	out := make(url.Values, len(query))
	for name, values := range query {
		if secretParam(name) {
			out[name] = []string{Redacted}
			continue
		}
		out[name] = RedactAll(values, keys)
	}
	return out.Encode()
}
