package mock_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
)

func readConfig(t *testing.T, text string) mock.Config {
	t.Helper()
	c, err := mock.ReadConfig(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConfigSetsEveryField(t *testing.T) {
	c := readConfig(t, `{
		"key": "k", "seed": 18446744073709551615, "keep": -1, "max_body": 1000,
		"limits": {"rpm": 1, "tpm": 2, "window": "3s", "in_flight": 4, "queue": 5, "busy": 503},
		"faults": [{"ids": ["F15", "X01"], "model": "m", "rate": 0.25, "attempts": 2, "calls": [1, 3], "from": "1s", "to": "2s", "over": 7, "max": 8}],
		"models": [{
			"id": "m", "brain": "echo", "price": {"in": 1, "cached": 0.5, "out": 2, "written": 1.25}, "context": 100,
			"latency": {"first": "1s", "per_token": "5ms", "sigma": 0.5},
			"limits": {"rpm": 6}, "prefix": {"block": 64, "min": 128, "ttl": "1m"},
			"reasoning": true, "no_schema": true, "no_tools": true
		}]
	}`)
	if len(c.Models) != 1 || c.Models[0].Brain == nil {
		t.Fatalf("models: %+v", c.Models)
	}
	c.Models[0].Brain = nil
	want := mock.Config{
		Key: "k", Seed: 1<<64 - 1, Keep: -1, MaxBody: 1000,
		Limits: mock.Limits{RPM: 1, TPM: 2, Window: 3 * time.Second, InFlight: 4, Queue: 5, Busy: 503},
		Faults: []mock.FaultRule{{
			IDs: []string{"F15", "X01"}, Model: "m", Rate: 0.25, Attempts: 2, Calls: []int{1, 3},
			From: time.Second, To: 2 * time.Second, Over: 7, Max: 8,
		}},
		Models: []mock.Model{{
			ID: "m", Price: &mock.Price{In: 1, Cached: 0.5, Out: 2, Written: 1.25}, Context: 100,
			Latency: mock.Latency{First: time.Second, PerToken: 5 * time.Millisecond, Sigma: 0.5},
			Limits:  mock.Limits{RPM: 6}, Prefix: mock.Prefix{Block: 64, Min: 128, TTL: time.Minute},
			Reasoning: true, NoSchema: true, NoTools: true,
		}},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestConfigWithoutModelsHasTheTwoBuiltIn(t *testing.T) {
	c := readConfig(t, ` {"seed": 3} `)
	if len(c.Models) != 2 || c.Models[0].ID != mock.Large().ID || c.Models[1].ID != mock.Small().ID {
		t.Errorf("models: %+v", c.Models)
	}
}

func TestConfigErrorsNameFieldAndLine(t *testing.T) {
	for name, c := range map[string]struct{ config, says string }{
		"unknown field":       {"{\n \"sede\": 1}", "line 2: sede: Unknown parameter"},
		"unknown deeper":      {"{\"models\": [\n{\"id\": \"m\",\n \"prize\": {}}]}", "line 3: models[0].prize: Unknown"},
		"other spelling":      {`{"Seed": 1}`, "Seed: Unknown"},
		"field twice":         {`{"seed": 1, "seed": 2}`, `key "seed" stands twice`},
		"wrong type":          {"{\n\n\"key\": 7}", "line 3: key: Invalid type for 'key': expected a string, but got an integer"},
		"object for list":     {`{"models": {}}`, "models: Invalid type"},
		"null":                {`{"limits": null}`, "got null"},
		"text for number":     {`{"keep": "many"}`, "keep: Invalid type"},
		"text for yes":        {`{"models":[{"id":"m","reasoning":"yes"}]}`, "models[0].reasoning: Invalid type"},
		"negative seed":       {`{"seed": -1}`, "seed: Invalid"},
		"half":                {`{"keep": 1.5}`, "keep: Invalid type"},
		"negative price":      {`{"models":[{"id":"m","price":{"in":-1}}]}`, "models[0].price.in: Invalid"},
		"span without unit":   {`{"limits": {"window": "60"}}`, "limits.window: Invalid"},
		"span of a number":    {`{"limits": {"window": 60}}`, "limits.window: Invalid type"},
		"negative span":       {`{"limits": {"window": "-1s"}}`, "limits.window"},
		"busy with success":   {`{"limits": {"busy": 200}}`, "limits.busy: Invalid"},
		"no id":               {`{"models":[{}]}`, "models[0].id: Missing"},
		"id twice":            {`{"models":[{"id":"m"},{"id":"m"}]}`, `models[1].id: another model is called "m"`},
		"no such brain":       {`{"models":[{"id":"m","brain":"huge"}]}`, "models[0].brain: Invalid value: 'huge'"},
		"no such fault":       {"{\"faults\":[\n{\"ids\":[\"F99\"]}]}", "line 2: faults[0].ids[0]: there is no fault \"F99\""},
		"no fault":            {`{"faults":[{"rate":0.5}]}`, "faults[0].ids: Missing"},
		"rate above one":      {`{"faults":[{"ids":["F15"],"rate":30}]}`, "faults[0].rate: Invalid"},
		"rate zero":           {`{"faults":[{"ids":["F15"],"rate":0}]}`, "faults[0].rate: Invalid"},
		"call zero":           {`{"faults":[{"ids":["F15"],"calls":[0]}]}`, "faults[0].calls[0]"},
		"ends before it is":   {`{"faults":[{"ids":["F15"],"from":"2s","to":"1s"}]}`, "faults[0].to: 1s is not after 2s"},
		"fault of no model":   {"{\"faults\":[{\"ids\":[\"F15\"],\n\"model\":\"x\"}],\n\"models\":[{\"id\":\"m\"}]}", `line 2: faults[0].model: there is no model "x"; those here are m`},
		"reply of no model":   {`{"replies":[{"model":"x","say":[{"text":"a"}]}]}`, `replies[0].model: there is no model "x"`},
		"no replies":          {`{"replies":[{"contains":"x"}]}`, "replies[0].say: Missing"},
		"bad pattern":         {`{"replies":[{"pattern":"(?=x)","say":[{"text":"a"}]}]}`, "replies[0].pattern: "},
		"two kinds of reply":  {`{"replies":[{"say":[{"text":"a","refusal":"b"}]}]}`, "replies[0].say[0]: it must hold exactly one of"},
		"no kind of reply":    {`{"replies":[{"say":[{"delay":"1s"}]}]}`, "it holds 0"},
		"finish of an error":  {`{"replies":[{"say":[{"error":{},"finish":"stop"}]}]}`, "replies[0].say[0]: finish, cached and unchecked go with"},
		"no such finish":      {`{"replies":[{"say":[{"text":"a","finish":"end"}]}]}`, "replies[0].say[0].finish: Invalid value"},
		"status of an error":  {`{"replies":[{"say":[{"error":{"status":200}}]}]}`, "replies[0].say[0].error.status: Invalid"},
		"no header":           {`{"replies":[{"say":[{"error":{"headers":{"a b":"c"}}}]}]}`, "error.headers.a b: Unknown"},
		"header of a number":  {`{"replies":[{"say":[{"error":{"headers":{"a":1}}}]}]}`, "error.headers.a: Invalid type"},
		"headers of a list":   {`{"replies":[{"say":[{"error":{"headers":[]}}]}]}`, "error.headers: Invalid type"},
		"no such then":        {`{"replies":[{"say":[{"text":"a"}],"then":"stop"}]}`, "replies[0].then: Invalid value"},
		"no such end":         {`{"replies":[{"say":[{"raw":{"end":"bang"}}]}]}`, "raw.end"},
		"empty":               {``, "line 1: this is not JSON"},
		"ends early":          {"{\"seed\":\n", "this is not JSON"},
		"ends in a list":      {"{\"models\":[{\"id\":\"m\"}", "this is not JSON"},
		"not JSON":            {"{\n\"seed\": 1,\n oops}", "line 3: this is not JSON"},
		"a comment":           {"{\"seed\": 1 // why\n}", "this is not JSON"},
		"something after it":  {"{}\n{}", "something follows"},
		"not UTF-8":           {"{\"key\":\"\xff\"}", "not valid UTF-8"},
		"a list at the top":   {`[]`, "expected an object, but got an array"},
		"broken JSON in json": {"{\"replies\":[{\"say\":[{\"json\": }]}]}", "this is not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := mock.ReadConfig(strings.NewReader(c.config))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
			if !reflect.DeepEqual(got, mock.Config{}) {
				t.Errorf("half a configuration: %+v", got)
			}
		})
	}
}

func TestConfiguredRepliesComeBeforeTheBrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := mock.NewHandler(readConfig(t, `{
			"models": [{"id": "e", "brain": "echo"}, {"id": "r", "brain": "replies"}],
			"replies": [
				{"contains": "list", "say": [{"json": {"b": 1.50, "a": ["<x>"]}}]},
				{"pattern": "^busy", "then": "pass", "say": [
					{"error": {"status": 429, "code": "rate_limit_exceeded", "type": "requests", "message": "slow down", "headers": {"retry-after": "2"}}},
					{"text": "now", "finish": "length", "delay": "4s"}
				]},
				{"model": "e", "contains": "odd", "say": [{"raw": {"status": 207, "headers": {"content-type": "text/x"}, "pieces": [{"data": "a"}, {"after": "1s", "data": "b"}]}}]}
			]}`))
		if got := said(t, s, "e", "hello"); got != "hello" {
			t.Errorf("nothing matches, yet %q", got)
		}
		if got := said(t, s, "r", "hello"); got != "404" {
			t.Errorf("a model of replies alone says %q", got)
		}
		if got := said(t, s, "r", "a list"); got != `{"b":1.50,"a":["<x>"]}` {
			t.Errorf("JSON: %q", got)
		}
		a := post(t.Context(), s, chatBody("r", "busy?"))
		if a.status != 429 || a.header.Get("Retry-After") != "2" || !strings.Contains(a.body, "slow down") {
			t.Errorf("error: %+v", a)
		}
		began := time.Now()
		a = post(t.Context(), s, chatBody("r", "busy?"))
		if c := a.completion(t); c.Choices[0].FinishReason != "length" || time.Since(began) != 4*time.Second {
			t.Errorf("%+v after %s", c, time.Since(began))
		}
		if got := said(t, s, "e", "busy?"); got != "busy?" {
			t.Errorf("used up, yet %q", got)
		}
		a = post(t.Context(), s, chatBody("e", "odd"))
		if a.status != 207 || a.body != "ab" || a.header.Get("Content-Type") != "text/x" {
			t.Errorf("raw: %+v", a)
		}
	})
}

func TestAnErrorSaysItsStatusWhereItHasNoMessage(t *testing.T) {
	s := mock.NewHandler(readConfig(t, `{"replies":[{"say":[{"error":{"status":503}}]}]}`))
	a := post(t.Context(), s, chatBody(mock.Small().ID, "x"))
	if a.status != 503 || !strings.Contains(a.body, http.StatusText(http.StatusServiceUnavailable)) {
		t.Errorf("got %+v", a)
	}
}

func FuzzReadConfig(f *testing.F) {
	f.Add(`{"models":[{"id":"m","brain":"echo","price":{"in":1}}],"faults":[{"ids":["F15"],"rate":0.5,"calls":[1]}]}`)
	f.Add(`{"replies":[{"pattern":"a+","say":[{"json":[1,{"a":null}]},{"error":{"status":429,"headers":{"a":"b"}}},{"raw":{"pieces":[{"data":"x"}],"end":"cut"}}],"then":"pass"}]}`)
	f.Add("{\"seed\":1,\n\"limits\":{\"window\":\"1s\"}}")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := mock.ReadConfig(strings.NewReader(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "mock: config") {
				t.Errorf("the error does not say what it is about: %v", err)
			}
			return
		}
		s := mock.NewHandler(c)
		client := &http.Client{Transport: s.Transport()}
		req, _ := http.NewRequest(http.MethodGet, "http://mock/v1/models", nil)
		req.Header.Set("Authorization", "Bearer x")
		if a := roundTrip(client, req); a.status != 200 && a.status != 401 {
			t.Errorf("what was read cannot be served: %+v", a)
		}
	})
}
