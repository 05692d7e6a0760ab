package mock_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/mock"
)

// statuses calls a server so many times.
func statuses(s *mock.Server, header string, n int) []int {
	var out []int
	for range n {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://mock/v1/chat/completions",
			strings.NewReader(`{"model":"mock-small","messages":[{"role":"user","content":"Is it so?"}]}`))
		if err != nil {
			panic(err)
		}
		req.Header.Set("X-Mock-Fault", header)
		resp, err := s.Transport().RoundTrip(req)
		if err != nil {
			panic(err)
		}
		io.Copy(io.Discard, resp.Body) // the log has the call once it was served
		resp.Body.Close()
		out = append(out, resp.StatusCode)
	}
	return out
}

func ExampleFaults() {
	for _, f := range mock.Faults() {
		if f.Class == "quota" && f.Group == "A" && f.MinGap == 0 && strings.HasPrefix(f.ID, "F01") {
			fmt.Printf("%s: %s (%s)\n", f.ID, f.Name, f.Recovery)
			break
		}
	}
	fmt.Println(mock.FaultIDs("F18"))
	// Output:
	// F01a: account exhausted: insufficient_quota (elsewhere)
	// [F18a F18b F18c F18d F18e F18f F18g]
}

func ExampleFaultRule() {
	s := mock.NewHandler(mock.Config{Faults: []mock.FaultRule{
		{IDs: []string{"X04"}, Attempts: 2},     // the first two times that a body comes
		{IDs: []string{"F01"}, Calls: []int{3}}, // the third that comes to this rule
	}})
	fmt.Println(statuses(s, "", 4))
	fmt.Println(statuses(s, "X02", 1)) // the call chooses for itself
	fmt.Println(s.Log()[4].Fault, s.Log()[4].Attempt)
	// Output:
	// [500 500 200 200]
	// [529]
	// X02 5
}

func ExampleLimits() {
	small := mock.Small()
	small.Limits = mock.Limits{RPM: 60, Window: 3 * time.Second} // three at once, one more each second
	s := mock.NewHandler(mock.Config{Models: []mock.Model{small}})
	fmt.Println(statuses(s, "", 5))
	// Output: [200 200 200 429 429]
}
