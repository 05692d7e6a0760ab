package chat

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/db31e724/go-swarm/swarm/model"
)

const openAIURL = "https://api.openai.com/v1"

// checkBackend returns the base URL of b, whose Name and Model the pool has
// checked. An error names the field, its value (never a key) and the mend.
func checkBackend(b *model.Backend) (string, error) {
	if i := strings.IndexFunc(b.Key, func(r rune) bool { return r <= ' ' || r >= 0x7f }); i >= 0 {
		return "", fmt.Errorf("backend %q: key has a space, line break or other character that no header may hold at byte %d of %d: read it without its line end",
			b.Name, i, len(b.Key))
	}
	for name, values := range b.Header {
		if !httpguts.ValidHeaderFieldName(name) {
			return "", fmt.Errorf("backend %q: header name %q is not allowed in HTTP: use letters, digits and hyphens", b.Name, name)
		}
		if slices.ContainsFunc(values, func(v string) bool { return !httpguts.ValidHeaderFieldValue(v) }) {
			return "", fmt.Errorf("backend %q: the value of header %q holds a line break or other control character: remove it", b.Name, name)
		}
	}
	base, err := checkURL(b.BaseURL)
	if err == nil {
		return base, nil
	}
	words := err.Error()
	for _, secret := range secretsOf(*b) {
		words = strings.ReplaceAll(words, secret, "[key]")
	}
	return "", fmt.Errorf("backend %q: %s", b.Name, words)
}

// unseen is what errors do not show of a URL: user, password, query and fragment.
var unseen = regexp.MustCompile(`(?s)(^|//)[^/?#]*@|[?#].*`)

// checkURL returns the base URL as go-openai wants it. Its errors show of it
// what holds no secret.
func checkURL(raw string) (string, error) {
	s := strings.TrimSpace(raw)
	if s == "" {
		return openAIURL, nil
	}
	shown := unseen.ReplaceAllString(s, "$1")
	if !strings.Contains(shown, "://") {
		return "", fmt.Errorf("base URL %.120q has no scheme: write http://%[1]s or https://%[1]s", shown)
	}
	shown = fmt.Sprintf("base URL %.120q", strings.TrimSuffix(shown, "/"))
	u, err := url.Parse(s)
	if err != nil {
		return "", fmt.Errorf("%s cannot be read: write it like https://host/v1", shown)
	}
	port, wrong := strconv.Atoi(u.Port())
	switch {
	case u.Port() != "" && (wrong != nil || port < 1 || port > 65535):
		return "", fmt.Errorf("%s has the port %q: a port is 1 to 65535", shown, u.Port())
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("%s has the scheme %q: write http or https", shown, u.Scheme)
	case u.Hostname() == "":
		return "", fmt.Errorf("%s has no host: write it like https://host/v1", shown)
	case u.User != nil:
		return "", fmt.Errorf("%s holds a user or password: give the key as Key or in Header", shown)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", fmt.Errorf("%s ends in a query or fragment: write it up to the path alone", shown)
	}
	s = strings.TrimRight(s, "/#?")
	return strings.TrimRight(strings.TrimSuffix(s, "/chat/completions"), "/"), nil
}

// secretsOf lists what must never be seen of a backend: its key, and the
// values of its headers, which may hold keys too.
func secretsOf(b model.Backend) []string {
	out := []string{b.Key}
	for _, values := range b.Header {
		for _, v := range values {
			_, token, _ := strings.Cut(v, " ")
			out = append(out, v, token)
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" || s != b.Key && len(s) < 8 })
}
