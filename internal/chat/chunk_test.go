package chat

import (
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

// Some servers write an error of null into each chunk, also as its first key,
// which go-openai takes for an error.
func TestChunkWithoutAnErrorIsAChunk(t *testing.T) {
	for _, start := range []string{`{"error":null,`, `{ "error" : null, `, `{"error":{},`, `{"error":"",`} {
		with := func(chunk string) string { return start + strings.TrimPrefix(chunk, "{") }
		s := says(200, sse(with(chunk("hel")), with(chunk("lo")), with(stopChunk), with(usageChunk), "[DONE]"))
		reply, err := client(t, s).Attempt(t.Context(), askStream())
		if err != nil || reply.Text != "hello" || reply.Usage.In == 0 || reply.Usage.AtLeast {
			t.Errorf("%s: %+v, %v", start, reply, err)
		}
	}
}

// Where each chunk tells what was used until then, a stream that breaks off
// has used at least so much.
func TestUsageOfABrokenStreamIsALeast(t *testing.T) {
	running := strings.Replace(chunk("hel"), `"usage":null`, `"usage":{"prompt_tokens":12,"completion_tokens":1,"total_tokens":13}`, 1)
	reply, err := client(t, says(200, sse(running))).Attempt(t.Context(), askStream())
	callError(t, err, swarm.ClassBroken)
	if want := (swarm.Usage{In: 12, Out: 1, AtLeast: true}); reply.Usage.In == 0 || reply.Usage != want {
		t.Errorf("usage %+v, known %v, want %+v", reply.Usage, reply.Usage.In > 0, want)
	}
}
