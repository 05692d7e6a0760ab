package chat

import (
	"fmt"
	"strings"
	"testing"
)

// TestAbsurdCountsAreNoUsage: what no prompt or reply can have is not booked.
func TestAbsurdCountsAreNoUsage(t *testing.T) {
	for _, n := range []string{"9000000000000000000", "1073741825"} {
		body := strings.Replace(okBody, `"prompt_tokens":12`, `"prompt_tokens":`+n, 1)
		reply, err := client(t, says(200, body)).Attempt(t.Context(), ask())
		if err != nil || reply.Usage.In > 0 || reply.Usage.In != 0 {
			t.Errorf("%s tokens: %v, usage %+v", n, err, reply.Usage)
		}
	}
}

// TestCountsThatContradictEachOtherAreNoUsage: they are made up, and the
// caller's estimate is booked in their place.
func TestCountsThatContradictEachOtherAreNoUsage(t *testing.T) {
	for usage, want := range map[string]string{
		`{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}`: "12+3",
		`{"prompt_tokens":12,"completion_tokens":3}`:                   "12+3",
		// Google counts what was thought in the total alone, and bills it.
		`{"prompt_tokens":12,"completion_tokens":3,"total_tokens":40}`:                                                "12+28",
		`{"prompt_tokens":12,"completion_tokens":3,"total_tokens":14}`:                                                "unknown",
		`{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4000}}`: "unknown",
		`{"prompt_tokens":-12,"completion_tokens":-3,"total_tokens":-15}`:                                             "unknown",
		`{"prompt_tokens":"12","completion_tokens":1.5,"total_tokens":[]}`:                                            "unknown",
	} {
		for _, stream := range []bool{false, true} {
			body := `{"choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":` + usage + `}`
			if stream {
				body = sse(chunk("hello"), stopChunk, `{"choices":[],"usage":`+usage+`}`, "[DONE]")
			}
			r := ask()
			streams(&r, stream)
			reply, err := client(t, says(200, body)).Attempt(t.Context(), r)
			got := fmt.Sprintf("%d+%d", reply.Usage.In, reply.Usage.Out)
			if reply.Usage.In == 0 {
				got = "unknown"
			}
			if err != nil || reply.Text != "hello" || got != want {
				t.Errorf("%s, streamed %v: got %s, want %s (%v)", usage, stream, got, want, err)
			}
		}
	}
}
