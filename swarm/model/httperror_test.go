package model

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

func TestHTTPErrorKnowsTheProviders(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		class  swarm.Class
		code   string
	}{
		{429, `{"error":{"message":"Rate limit reached","type":"tokens","code":"rate_limit_exceeded"}}`, swarm.ClassRateLimited, "rate_limit_exceeded"},
		{429, `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}`, swarm.ClassQuota, "insufficient_quota"},
		{529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, swarm.ClassOverloaded, "overloaded_error"},
		{200, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, swarm.ClassOverloaded, "overloaded_error"},
		{400, `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 208310 tokens > 200000 maximum"}}`, swarm.ClassTooLong, "invalid_request_error"},
		{401, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`, swarm.ClassAuth, "authentication_error"},
		{404, `{"type":"error","error":{"type":"not_found_error","message":"model: nope"}}`, swarm.ClassNotFound, "not_found_error"},
		{500, `{"type":"error","error":{"type":"api_error","message":"Internal server error"}}`, swarm.ClassServer, "api_error"},
		{402, ``, swarm.ClassQuota, ""},
		{413, ``, swarm.ClassTooLong, ""},
		{503, `<html>busy</html>`, swarm.ClassOverloaded, ""},
	} {
		e := HTTPError(Request{}, c.status, http.Header{}, []byte(c.body))
		if e.Class != c.class || e.Code != c.code || e.Status != c.status {
			t.Errorf("%d %s: %+v, want %s %q", c.status, c.body, e, c.class, c.code)
		}
	}
}

func TestHTTPErrorShowsNoSecretsAndNoPrompt(t *testing.T) {
	const key = "live 8f7a66-secret"
	prompt := "The tenant pays the rent on the first day of each month without fail."
	r := Request{Messages: []Message{{Role: "user", Content: prompt}}}
	for _, said := range []string{
		"bad key " + key, "bad key live+8f7a66-secret", "see https://x.test/y?k=1 for more", "you sent: " + prompt, "you sent: " + strings.ReplaceAll(prompt, "T", `\u0054`),
		"Bearer abcdef012345", "sk-proj-0123456789",
	} {
		body, _ := json.Marshal(map[string]any{"error": map[string]any{"message": said, "code": "x", "param": "messages"}})
		text := HTTPError(r, 400, http.Header{}, body, key).Error()
		for _, bad := range []string{"8f7a66", "x.test", "first day of each", "abcdef012345", "0123456789"} {
			if strings.Contains(text, bad) {
				t.Errorf("%q is in %q", bad, text)
			}
		}
		if !strings.Contains(text, "messages") {
			t.Errorf("%q does not name the part at fault", text)
		}
	}
}
