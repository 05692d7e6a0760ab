package mock_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/mock"
)

// visit sends a request without a body, with the canary as key.
func visit(t *testing.T, s *mock.Server, method, path string, into any) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://mock"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+canary.Key)
	a := roundTrip(&http.Client{Transport: s.Transport()}, req)
	if strings.Contains(a.body, canary.Key) {
		t.Errorf("%s %s shows the key: %s", method, path, a.body)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(a.body), into); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
		}
	}
	return a
}

type captured struct {
	Requests []struct {
		N       int
		Body    json.RawMessage
		Headers http.Header
		Model   string
		Status  int
		Fault   string
		Error   string
		Replies []string
		Usage   map[string]int
		Dollars float64
	}
	Next int
}

// tell sends a chat completion with the canary as key, in several places.
func tell(t *testing.T, s *mock.Server, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://mock/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Authorization": "Bearer " + canary.Key, "X-Api-Key": canary.Key, "Cookie": "session=" + canary.Key, "X-Note": "key " + canary.Key,
	} {
		req.Header.Set(name, value)
	}
	return roundTrip(&http.Client{Transport: s.Transport()}, req)
}

func TestCapturedRequestsCanBeAskedForOverHTTP(t *testing.T) {
	m := model(mock.Echo)
	m.Price = &mock.Price{In: 1, Out: 2}
	s := mock.NewHandler(mock.Config{Models: []mock.Model{m}, Key: canary.Key, Faults: []mock.FaultRule{{IDs: []string{"F07a"}, Calls: []int{2}}}})
	tell(t, s, chatBody("m", "my key is "+canary.Key))
	tell(t, s, chatBody("m", "again"))
	tell(t, s, `{"model": `+canary.Key)

	var got captured
	visit(t, s, "GET", "/_mock/requests", &got)
	if len(got.Requests) != 3 || got.Next != 3 {
		t.Fatalf("got %+v", got)
	}
	first, second, third := got.Requests[0], got.Requests[1], got.Requests[2]
	if first.N != 1 || first.Model != "m" || first.Status != 200 || first.Usage["completion_tokens"] == 0 || first.Dollars == 0 {
		t.Errorf("first: %+v", first)
	}
	if !strings.Contains(string(first.Body), "[redacted]") || !strings.Contains(first.Replies[0], "[redacted]") || first.Headers.Get("X-Note") != "key [redacted]" {
		t.Errorf("the key is not marked: %s %q", first.Body, first.Replies)
	}
	for _, name := range []string{"Authorization", "X-Api-Key", "Cookie"} {
		if first.Headers.Get(name) != "" {
			t.Errorf("header %s is shown", name)
		}
	}
	if second.Fault != "F07a" {
		t.Errorf("second: %+v", second)
	}
	if third.Status != 400 || !strings.HasPrefix(string(third.Body), `"{`) || third.Error == "" {
		t.Errorf("third: %+v", third)
	}

	visit(t, s, "GET", "/_mock/requests?since=2", &got)
	if len(got.Requests) != 1 || got.Requests[0].N != 3 || got.Next != 3 {
		t.Errorf("since 2: %+v", got)
	}
	for _, since := range []string{"3", "99"} {
		if visit(t, s, "GET", "/_mock/requests?since="+since, &got); len(got.Requests) != 0 || got.Next != 3 {
			t.Errorf("since %s: %+v", since, got)
		}
	}

	if a := visit(t, s, "DELETE", "/_mock/requests", nil); a.status != 204 || len(s.Log()) != 0 {
		t.Errorf("forgetting: %+v, %d entries", a, len(s.Log()))
	}
	tell(t, s, chatBody("m", "after"))
	if visit(t, s, "GET", "/_mock/requests", &got); len(got.Requests) != 1 || got.Requests[0].N != 4 || got.Next != 4 {
		t.Errorf("after forgetting: %+v", got)
	}
}

func TestAnEntryPrintsNoKeyOfItsHeaders(t *testing.T) {
	s := server(model(mock.Matching(nil)))
	tell(t, s, chatBody("m", canary.Key))
	tell(t, s, chatBody(canary.Key, "hello"))
	tell(t, s, `{"model":"m","messages":[],"`+canary.Key+`":1}`)
	for _, e := range s.Log() {
		if text := fmt.Sprintf("%+v %#v", e.Header, e.Request.Model) + e.Error + e.Path; strings.Contains(text, canary.Key) {
			t.Errorf("a key in %s", text)
		}
		e.Body, e.Request = nil, mock.Request{} // as the client sent them
		if text := fmt.Sprintf("%+v %#v", e, e); strings.Contains(text, canary.Key) {
			t.Errorf("a key in %s", text)
		}
	}
}

func TestStatisticsAddUpWhatWasServed(t *testing.T) {
	m := model(mock.Say(tenWords))
	m.Price = &mock.Price{In: 1, Out: 2}
	s := mock.NewHandler(mock.Config{Models: []mock.Model{m}, Faults: []mock.FaultRule{{IDs: []string{"X01"}, Calls: []int{2}}}})
	for range 3 {
		tell(t, s, ask(""))
	}
	var got struct {
		Requests int
		Peak     int
		Faults   map[string]int
		Models   map[string]struct {
			Calls, Refused int
			Usage          map[string]int
			Dollars        float64
		}
	}
	visit(t, s, "GET", "/_mock/stats", &got)
	bill := s.Bill()["m"]
	of := got.Models["m"]
	if got.Requests != 3 || got.Peak != 1 || got.Faults["X01"] != 1 || of.Calls != bill.Calls || of.Refused != bill.Refused ||
		of.Usage["completion_tokens"] != bill.Usage.Out || of.Dollars != bill.Dollars() {
		t.Errorf("got %+v, the bill says %+v", got, bill)
	}
}

func TestOnlyWhoHasTheKeySeesWhatWasCaptured(t *testing.T) {
	s := mock.NewHandler(mock.Config{Key: "another key"})
	for _, path := range []string{"/_mock/requests", "/_mock/stats"} {
		if a := visit(t, s, "GET", path, nil); a.status != 401 {
			t.Errorf("%s: %+v", path, a)
		}
	}
	s = mock.NewHandler(mock.Config{})
	for path, status := range map[string]int{"/_mock/": 404, "/_mock/other": 404, "/_mock/requests?since=x": 400, "/_mock/requests?since=-1": 400} {
		if a := visit(t, s, "GET", path, nil); a.status != status {
			t.Errorf("%s: %+v", path, a)
		}
	}
	for path, allowed := range map[string]string{"/_mock/requests": "GET", "/_mock/stats": "GET"} {
		if a := visit(t, s, "POST", path, nil); a.status != 405 || a.header.Get("Allow") != allowed {
			t.Errorf("POST %s: %+v", path, a)
		}
	}
	if len(s.Log()) != 0 {
		t.Error("asking for the log is in the log")
	}
}

func TestObserveIsToldOfEachRequest(t *testing.T) {
	var seen []int
	s := mock.NewHandler(mock.Config{Models: []mock.Model{model(mock.Echo)}, Observe: func(e mock.Entry) { seen = append(seen, e.Status) }})
	post(t.Context(), s, chatBody("m", "x"))
	post(t.Context(), s, chatBody("none", "x"))
	if !slices.Equal(seen, []int{200, 404}) {
		t.Errorf("got %v", seen)
	}
}
