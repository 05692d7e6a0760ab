//go:build unix

package model

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// A refusal of 60 KB over a prompt of 400 KB costs milliseconds.
func TestLongRefusalIsCheap(t *testing.T) {
	var said, prompt strings.Builder
	for i := 0; said.Len() < 60<<10; i++ {
		fmt.Fprintf(&said, "field %d is wrong; ", i*7919)
	}
	for i := 0; prompt.Len() < 400<<10; i++ {
		fmt.Fprintf(&prompt, "The %dth lamp stands on pier %d. ", i, i*31%97)
	}
	body, _ := json.Marshal(map[string]any{"error": map[string]any{"message": said.String(), "type": "invalid_request_error"}})
	r := Request{Messages: []Message{{Role: "user", Content: prompt.String()}}}
	const times = 10
	before := cpu(t)
	for range times {
		if e := HTTPError(r, 400, http.Header{}, body); e.Class != swarm.ClassInvalid || !strings.Contains(e.Error(), "field 7919 is wrong") {
			t.Fatal(e)
		}
	}
	if each := (cpu(t) - before) / times; each > 50*time.Millisecond {
		t.Errorf("one takes %v of CPU", each)
	}
}

// cpu is the time that this process has used.
func cpu(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Skip(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
