package chat

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCharactersPartedBetweenChunksAreJoined(t *testing.T) {
	raw := func(s string) string { return strings.Replace(chunk("@"), "@", s, 1) }
	for name, tc := range map[string]struct {
		parts []string
		want  string
	}{
		"bytes":                {[]string{raw("a\xf0\x9f"), raw("\x98"), raw("\x80b")}, "a😀b"},
		"Chinese":              {[]string{raw("\xe4\xb8"), raw("\xad文")}, "中文"},
		"surrogates":           {[]string{raw(`a\ud83d`), raw(`\ude00b`)}, "a😀b"},
		"chunk between":        {[]string{raw(`\uD83D`), usageChunk, raw(`\uDE00`)}, "😀"},
		"spaces":               {[]string{strings.ReplaceAll(raw(`\uD83D`), `:`, `: `), raw(`\uDE00`)}, "😀"},
		"whole pair":           {[]string{raw(`\ud83d\ude00`)}, "😀"},
		"escaped backslash":    {[]string{raw(`x\\ud83d`), raw(`y`)}, `x\ud83dy`},
		"never closed":         {[]string{raw(`ok\ud83d`)}, "ok"},
		"lone half, then text": {[]string{raw(`a\ud83d`), raw(`b`)}, "a\ufffdb"},
		"quote in the text":    {[]string{raw(`\"content\": \ud83d`), raw(`\ude00`)}, `"content": 😀`},
	} {
		t.Run(name, func(t *testing.T) {
			r := askStream()
			r.OnText = func(p string) {
				if !utf8.ValidString(p) {
					t.Errorf("piece %q", p)
				}
			}
			rep, err := client(t, streamOf(sse(append(tc.parts, stopChunk, "[DONE]")...))).Attempt(t.Context(), r)
			if err != nil || rep.Text != tc.want {
				t.Errorf("got %q, %v, want %q", rep.Text, err, tc.want)
			}
		})
	}
}
