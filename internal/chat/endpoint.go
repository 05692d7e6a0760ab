package chat

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/db31e724/go-swarm/swarm/model"
)

const openAIURL = "https://api.openai.com/v1"

// checkBackend fills in the name of e and returns its base URL. An error
// names the field, its value (never a key) and the mend.
func checkBackend(e *model.Backend) (string, error) {
	if strings.TrimSpace(e.Model) == "" {
		return "", fmt.Errorf("backend %q: model is empty: name the model to be asked", e.Name)
	}
	if e.Name == "" {
		e.Name = e.Model
	}
	if i := strings.IndexFunc(e.Key, func(r rune) bool { return r <= ' ' || r >= 0x7f }); i >= 0 {
		return "", fmt.Errorf("backend %q: key has a space, line break or other character that no header may hold at byte %d of %d: read it without its line end",
			e.Name, i, len(e.Key))
	}
	for name, values := range e.Header {
		if !httpguts.ValidHeaderFieldName(name) {
			return "", fmt.Errorf("backend %q: header name %q is not allowed in HTTP: use letters, digits and hyphens", e.Name, name)
		}
		for _, v := range values {
			if !httpguts.ValidHeaderFieldValue(v) {
				return "", fmt.Errorf("backend %q: the value of header %q holds a line break or other control character: remove it", e.Name, name)
			}
		}
	}
	base, err := checkURL(e.BaseURL)
	if err != nil {
		words := err.Error()
		for _, secret := range secretsOf(*e) {
			words = strings.ReplaceAll(words, secret, "[key]")
		}
		return "", fmt.Errorf("backend %q: %s", e.Name, words)
	}
	return base, nil
}

// checkURL returns the base URL as go-openai wants it.
func checkURL(raw string) (string, error) {
	s := strings.TrimSpace(raw)
	if s == "" {
		return openAIURL, nil
	}
	shown := shownURL(s)
	if !strings.Contains(s, "://") {
		return "", fmt.Errorf("base URL %q has no scheme: write http://%s or https://%s", shown, shown, shown)
	}
	u, err := url.Parse(s)
	if err != nil {
		return "", fmt.Errorf("base URL %q cannot be read: write it like https://host/v1", shown)
	}
	port := 0
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return "", fmt.Errorf("base URL %q has the port %q: a port is 1 to 65535", shown, p)
		}
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("base URL %q has the scheme %q: write http or https", shown, u.Scheme)
	case u.Hostname() == "":
		return "", fmt.Errorf("base URL %q has no host: write it like https://host/v1", shown)
	case u.User != nil:
		return "", fmt.Errorf("base URL %q holds a user or password: give the key as Key or in Header", shown)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", fmt.Errorf("base URL %q ends in a query or fragment: write it up to the path alone", shown)
	}
	s = strings.TrimRight(s, "/#?")
	s = strings.TrimRight(strings.TrimSuffix(s, "/chat/completions"), "/")
	return s, nil
}

// shownURL is a URL without what may be secret in it, for an error text.
func shownURL(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		scheme, rest = "", s
	}
	rest, _, _ = strings.Cut(rest, "?")
	rest, _, _ = strings.Cut(rest, "#")
	host, path, slash := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = "…@" + host[i+1:]
	}
	if slash {
		host += "/" + path
	}
	if ok {
		host = scheme + "://" + host
	}
	return fmt.Sprintf("%.120s", host)
}

// secretsOf lists what must never be seen of a backend: its key, and the
// values of its headers, which may hold keys too.
func secretsOf(b model.Backend) []string {
	out := []string{b.Key}
	for _, values := range b.Header {
		for _, v := range values {
			if len(v) >= 8 {
				out = append(out, v)
				if _, token, ok := strings.Cut(v, " "); ok && len(token) >= 8 {
					out = append(out, token)
				}
			}
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}
