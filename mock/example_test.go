package mock_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/db31e724/go-swarm/mock"
)

// A server with one model that answers by a function of yours, at a price.
func ExampleNewServer() {
	shout := func(_ context.Context, r mock.Request) (mock.Reply, error) {
		last := r.Messages[len(r.Messages)-1].Content
		return mock.Reply{Text: strings.ToUpper(last)}, nil
	}
	s := mock.NewServer(mock.Config{Models: []mock.Model{
		{ID: "shouter", Brain: shout, Price: &mock.Price{In: 1, Cached: 0.1, Out: 4}},
	}})
	defer s.Close()

	resp, err := http.Post(s.URL()+"/chat/completions", "application/json",
		strings.NewReader(`{"model":"shouter","messages":[{"role":"user","content":"hello world"}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		fmt.Println(err)
	}

	fmt.Println(s.Log()[0].Replies[0])
	bill := s.Bill()["shouter"]
	fmt.Println(bill.Calls, "call,", bill.Usage.In, "tokens in,", bill.Usage.Out, "out,", bill.Cost, "nano-dollars")
	// Output:
	// HELLO WORLD
	// 1 call, 9 tokens in, 3 out, 21000 nano-dollars
}

// In memory, without a socket: also for virtual time in testing/synctest.
func ExampleServer_Transport() {
	s := mock.NewHandler(mock.Config{Models: []mock.Model{{ID: "m", Brain: mock.Say("Fine.")}}})
	c := &http.Client{Transport: s.Transport()}
	resp, err := c.Post("http://mock/v1/chat/completions", "application/json",
		strings.NewReader(`{"model":"m","messages":[{"role":"user","content":"How are you?"}],"stream":true,"stream_options":{"include_obfuscation":false}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(strings.Count(string(body), "data: "), "events,", err)
	// Output:
	// 5 events, <nil>
}

// Replies by script, the last of them broken on the wire.
func ExampleScript() {
	s := mock.NewHandler(mock.Config{Models: []mock.Model{{ID: "m", Brain: mock.Script(
		mock.Reply{Text: "First."},
		mock.Reply{Raw: &mock.Raw{Status: 502, Pieces: mock.Body("<h1>Bad Gateway</h1>")}},
	)}}})
	c := &http.Client{Transport: s.Transport()}
	for range 2 {
		resp, err := c.Post("http://mock/v1/chat/completions", "application/json",
			strings.NewReader(`{"model":"m","messages":[{"role":"user","content":"Go on."}]}`))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(resp.Status)
		resp.Body.Close()
	}
	// Output:
	// 200 OK
	// 502 Bad Gateway
}
