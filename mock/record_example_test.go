package mock_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"

	"github.com/db31e724/go-swarm/mock"
)

// A configuration file makes a server for clients in any language; errors name
// the field and the line.
func ExampleReadConfig() {
	c, err := mock.ReadConfig(strings.NewReader(`{
		"models":  [{"id": "m", "brain": "echo"}],
		"faults":  [{"ids": ["F15"], "rate": 0.1}],
		"replies": [{"model": "m", "contains": "weather", "say": [{"text": "Rain."}]}]
	}`))
	fmt.Println(c.Models[0].ID, c.Faults[0].Rate, err)

	_, err = mock.ReadConfig(strings.NewReader("{\n\"models\": [\n{\"id\": \"m\", \"context\": -5}]}"))
	fmt.Println(err)
	// Output:
	// m 0.1 <nil>
	// mock: config, line 3: models[0].context: Invalid 'models[0].context': integer below minimum value. Expected a value >= 0, but got -5 instead.
}

// Some calls are answered by script, all others by a brain.
func ExampleMatching() {
	brain := mock.Matching(mock.SmallBrain, mock.Match{
		Pattern: regexp.MustCompile(`(?i)weather in \w+`),
		Turns: []mock.Turn{
			{Error: &mock.Error{Status: 429, Message: "slow down"}},
			{Reply: mock.Reply{Text: "Rain."}}, // from the second call on
		},
	})
	s := mock.NewHandler(mock.Config{Models: []mock.Model{{ID: "m", Brain: brain}}})
	for range 2 {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/chat/completions",
			strings.NewReader(`{"model":"m","messages":[{"role":"user","content":"The weather in Oslo?"}]}`)))
		fmt.Println(w.Code, strings.Contains(w.Body.String(), "Rain."))
	}
	// Output:
	// 429 false
	// 200 true
}

// A test records a real server once and from then on needs no network.
func ExampleRecorder() {
	real := httptest.NewServer(mock.NewHandler(mock.Config{Models: []mock.Model{{ID: "m", Brain: mock.Say("Hello.")}}}))
	var cassette bytes.Buffer // a file, in a real test
	recorder, err := mock.NewRecorder(real.URL+"/v1", &cassette)
	if err != nil {
		panic(err)
	}
	ask := func(h http.Handler) string {
		r := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(`{"model":"m","messages":[{"role":"user","content":"Hi"}]}`))
		r.Header.Set("Authorization", "Bearer sk-never-on-the-cassette")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		body, _ := io.ReadAll(w.Body)
		return string(body)
	}
	live := ask(recorder)
	real.Close()

	replay, err := mock.ReadCassette(&cassette)
	if err != nil {
		panic(err)
	}
	fmt.Println(ask(replay) == live, replay.Replays())
	// Output: true {1 1 0 0 0}
}
