package chat

import (
	"strings"
	"testing"
)

// TestAbsurdCountsAreNoUsage: what no prompt or reply can have is not booked.
func TestAbsurdCountsAreNoUsage(t *testing.T) {
	for _, n := range []string{"9000000000000000000", "1073741825"} {
		body := strings.Replace(okBody, `"prompt_tokens":12`, `"prompt_tokens":`+n, 1)
		reply, err := client(t, says(200, body)).Do(t.Context(), ask())
		if err != nil || reply.UsageKnown || reply.Usage.In != 0 {
			t.Errorf("%s tokens: %v, usage %+v", n, err, reply.Usage)
		}
	}
}
