package wire

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
)

func TestSecretsAreFoundInEverySpelling(t *testing.T) {
	h := http.Header{
		"Authorization": {`Bearer a"b/c<d>e`}, "X-Goog-Api-Key": {"googlekey"}, "Cookie": {"sid=abcdef; theme=dark"},
		"Proxy-Authorization": {"Basic dXNlcjpzZXNhbWUtb3Blbg=="}, "Accept": {"application/json"}, "X-Ratelimit-Tokens": {"123456"},
	}
	got := Secrets(h, nil)
	for _, text := range []string{`a"b/c<d>e`, `{"k":"a\"b/c<d>e"}`, `{"k":"a\"b/c\u003cd\u003ee"}`, "?k=a%22b%2Fc%3Cd%3Ee", "googlekey", "abcdef", "sesame-open"} {
		if out := Redact(text, got); !strings.Contains(out, Redacted) || strings.Contains(out, "abcdef") {
			t.Errorf("%s stays %s", text, out)
		}
	}
	for _, text := range []string{"application/json", "123456", "dark", "short"} {
		if out := Redact(text, got); out != text {
			t.Errorf("%s became %s", text, out)
		}
	}
}

func FuzzRedactPieces(f *testing.F) {
	f.Add("my key is sk-abcdef, yes", "sk-abcdef", 12)
	f.Add("ababababab", "ababab", 1)
	f.Fuzz(func(t *testing.T, text, key string, cut int) {
		if len(key) < leastSecret || strings.Contains(Redacted, key) {
			return
		}
		at := max(0, min(cut, len(text)))
		pieces := [][]byte{[]byte(text[:at]), []byte(text[at:])}
		found := RedactPieces(pieces, []string{key})
		out := string(bytes.Join(pieces, nil))
		if found != strings.Contains(text, key) || !found && out != text {
			t.Errorf("%q without %q is %q", text, key, out)
		}
		if whole := Redact(text, []string{key}); out != whole {
			t.Errorf("in pieces %q, whole %q", out, whole)
		}
	})
}
