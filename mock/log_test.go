package mock_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
)

func TestBillAddsUpTheLog(t *testing.T) {
	priced := model(mock.Script(mock.Reply{Text: tenWords}, mock.Reply{Text: tenWords, Cached: 5}, mock.Reply{Raw: &mock.Raw{Status: 503}}))
	priced.Price = &mock.Price{In: 2, Cached: 0.2, Out: 8}
	s := server(priced, mock.Model{ID: "free", Brain: mock.Say(tenWords)})
	post(t.Context(), s, ask(""))
	post(t.Context(), s, ask(`,"stream":true`))
	post(t.Context(), s, ask("")) // 503
	post(t.Context(), s, ask(`,"n":0`))
	post(t.Context(), s, strings.Replace(ask(""), `"m"`, `"free"`, 1))
	post(t.Context(), s, strings.Replace(ask(""), `"m"`, `"none"`, 1))

	const in, out = 11, 10
	want := map[string]mock.Bill{
		"m": {
			Calls: 2, Refused: 2, Usage: mock.Usage{In: 2 * in, Cached: 5, Out: 2 * out},
			Cost: 2*in*2000 - 5*1800 + 2*out*8000, Peak: 1,
		},
		"free": {Calls: 1, Usage: mock.Usage{In: in, Out: out}, Unpriced: 1, Peak: 1},
	}
	got := s.Bill()
	for id, b := range want {
		if got[id] != b {
			t.Errorf("%s: got %+v, want %+v", id, got[id], b)
		}
	}
	if len(got) != len(want) {
		t.Errorf("bills for %d models", len(got))
	}
	if d := got["m"].Dollars(); d != 0.000195 {
		t.Errorf("%v dollars", d)
	}
	var cost int64
	for _, e := range s.Log() {
		cost += e.Cost
	}
	if cost != got["m"].Cost || len(s.Log()) != 6 {
		t.Errorf("the log's %d entries cost %d", len(s.Log()), cost)
	}
}

func TestLogSaysWhatWasSeenAndServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := slow(0)
		m.Brain = mock.Say(`{"a":"x"}`)
		s := server(m)
		body := `{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"What "},{"type":"text","text":"is it?"}]}],
			"response_format":{"type":"json_schema","json_schema":{"name":"out","strict":true,"schema":` + object(`{"type":"string"}`) + `}},
			"max_completion_tokens":50,"stop":"END"}`
		post(t.Context(), s, body)
		e := s.Log()[0]
		r := e.Request
		if r.Model != "m" || len(r.Messages) != 2 || !reflect.DeepEqual(r.Messages[0], mock.Message{Role: "system", Content: "Be brief."}) || r.Messages[1].Content != "What is it?" {
			t.Errorf("request: %+v", r)
		}
		if string(r.Schema) != object(`{"type":"string"}`) || r.SchemaName != "out" || !r.JSON || !r.Strict || r.MaxTokens != 50 || r.Stream || r.N != 1 || r.Stop[0] != "END" {
			t.Errorf("request: %+v", r)
		}
		if e.ID == "" || e.Method != "POST" || e.Path != "/v1/chat/completions" || string(e.Body) != body || e.Header.Get("Content-Type") == "" {
			t.Errorf("entry: %+v", e)
		}
		if e.Status != 200 || e.Error != "" || e.Replies[0] != `{"a":"x"}` || e.Finish[0] != "stop" || e.Streamed || e.Cancelled || !e.Priced || !e.Charge {
			t.Errorf("entry: %+v", e)
		}
		if took := e.Ended.Sub(e.Arrived); took != time.Second+time.Duration(e.Usage.Out-1)*100*time.Millisecond {
			t.Errorf("took %v for %d tokens", took, e.Usage.Out)
		}
	})
}

func TestLogKeepsTheNewestAndTheBillAll(t *testing.T) {
	for keep, want := range map[int]int{3: 3, -1: 20, 100: 20} {
		s := mock.NewHandler(mock.Config{Models: []mock.Model{model(mock.Say("yes"))}, Keep: keep})
		for range 20 {
			post(t.Context(), s, ask(""))
		}
		log := s.Log()
		if len(log) != want || log[len(log)-1].ID != "req_000000000020" || s.Bill()["m"].Calls != 20 {
			t.Errorf("keep %d: %d entries, the last %s, %d calls", keep, len(log), log[len(log)-1].ID, s.Bill()["m"].Calls)
		}
	}
}

func TestLogKeepsNoMoreThanItsShareOfLargeBodies(t *testing.T) {
	s := server(model(mock.Say("never")))
	body := "\xff" + strings.Repeat("x", 4<<20)
	for range 30 {
		post(t.Context(), s, body)
	}
	if n := len(s.Log()); n < 10 || n > 16 {
		t.Errorf("%d entries of 4 MiB each", n)
	}
}

func TestPeakCountsRequestsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server(slow(0), mock.Model{ID: "other", Brain: mock.Say("")})
		var wg sync.WaitGroup
		for range 7 {
			wg.Go(func() { post(t.Context(), s, ask("")) })
		}
		time.Sleep(500 * time.Millisecond)
		if now, _ := s.InFlight(); now != 7 {
			t.Errorf("%d in flight", now)
		}
		post(t.Context(), s, strings.Replace(ask(""), `"m"`, `"other"`, 1))
		wg.Wait()
		if now, peak := s.InFlight(); now != 0 || peak != 8 || s.Bill()["m"].Peak != 7 || s.Bill()["other"].Peak != 1 {
			t.Errorf("now %d, at most %d, bills %+v", now, peak, s.Bill())
		}
		if e := s.Log()[0]; e.InFlight != 8 {
			t.Errorf("the eighth request saw %d in flight", e.InFlight)
		}
	})
}

func TestBrainsThatFailAreServerErrors(t *testing.T) {
	for name, c := range map[string]struct {
		brain  mock.Brain
		status int
		told   string // to the client
		logged string
	}{
		"error": {
			func(context.Context, mock.Request) (mock.Reply, error) {
				return mock.Reply{}, errors.New("out of ideas")
			},
			500, "log says which", "the brain: out of ideas",
		},
		"panic": {
			func(context.Context, mock.Request) (mock.Reply, error) { panic("oops") },
			500, "log says which", "panic: oops",
		},
		"own error": {func(context.Context, mock.Request) (mock.Reply, error) {
			return mock.Reply{}, &mock.Error{Status: 429, Code: "rate_limit_exceeded", Type: "tokens", Message: "slow down", Header: map[string][]string{"retry-after": {"3"}}}
		}, 429, "slow down", "429 rate_limit_exceeded: slow down"},
		"script used up": {mock.Script(), 422, "used up", "used up"},
	} {
		t.Run(name, func(t *testing.T) {
			s := server(model(c.brain))
			a := post(t.Context(), s, ask(""))
			if e := a.refusal(t); a.status != c.status || !strings.Contains(e.Message, c.told) {
				t.Errorf("got %d %s", a.status, a.body)
			}
			if e := s.Log()[0]; !strings.Contains(e.Error, c.logged) || e.Charge || e.Usage != (mock.Usage{}) {
				t.Errorf("the log says %+v", e)
			}
			if c.status == 429 && a.header.Get("Retry-After") != "3" {
				t.Errorf("headers %v", a.header)
			}
		})
	}
}
