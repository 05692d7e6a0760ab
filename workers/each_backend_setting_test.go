package workers_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

// backendEffects are what configEffects are, of a backend's settings.
var backendEffects = map[string]func(*testing.T) error{
	"Name": func(t *testing.T) error {
		if o := bench(t, 1, always(broken), config{Limits: model.Limits{Attempts: 1}}, backend{Name: "the cellar"}); !o.errs("at the cellar") {
			return o.err
		}
		return nil
	},
	"API": func(t *testing.T) error {
		p, err := workers.NewPool(config{Backends: []backend{{Model: "m", API: doer{}}}})
		if err != nil {
			return err
		}
		if r, err := p.Do(t.Context(), model.Request{Messages: []model.Message{{Role: "user", Content: "x"}}}); err != nil || r.Backend != "m" {
			return fmt.Errorf("%+v, %v", r, err)
		}
		return nil
	},
	"BaseURL": func(t *testing.T) error {
		if o := bench(t, 1, nil, config{Limits: model.Limits{Attempts: 1}}, backend{BaseURL: "http://mock/elsewhere"}); len(o.log) == 0 || o.log[0].Path != "/elsewhere/chat/completions" {
			return fmt.Errorf("asked at %v", o.log)
		}
		return nil
	},
	"Key": func(t *testing.T) error {
		for key, want := range map[string]string{"sk-1": "Bearer sk-1", "": ""} {
			w := &watched{}
			if bench(t, 1, nil, config{Limits: model.Limits{Attempts: 1}}, backend{Key: key, Client: &http.Client{Transport: w}}); w.header.Get("Authorization") != want {
				return fmt.Errorf("authorization %q", w.header.Get("Authorization"))
			}
		}
		return nil
	},
	"Model": func(t *testing.T) error {
		if o := bench(t, 1, nil, config{}, backend{Model: "unheard-of"}); o.log[0].Request.Model != "unheard-of" || !o.errs("unheard-of") {
			return fmt.Errorf("%q asked for, %v", o.log[0].Request.Model, o.err)
		}
		return nil
	},
	"Slots": func(t *testing.T) error {
		for _, n := range []int{1, 3, 20} {
			if o := bench(t, 50, lasts(time.Second), config{}, backend{Slots: n}); o.peak != n {
				return fmt.Errorf("%d: %d calls at once", n, o.peak)
			}
		}
		return nil
	},
	"RPM": func(t *testing.T) error {
		slow, fast := bench(t, 12, nil, config{}, backend{RPM: 60}), bench(t, 12, nil, config{}, backend{RPM: 600})
		if slow.took < 10*time.Second || fast.took > slow.took/5 {
			return fmt.Errorf("12 calls took %v at 60 a minute, %v at 600", slow.took, fast.took)
		}
		return nil
	},
	"TPM": func(t *testing.T) error {
		few, many := bench(t, 30, lasts(time.Second), config{}, backend{TPM: 2000}), bench(t, 30, lasts(time.Second), config{}, backend{TPM: 1_000_000})
		if few.took < time.Minute || many.took > 10*time.Second {
			return fmt.Errorf("30 calls took %v and %v", few.took, many.took)
		}
		return nil
	},
	"Context": func(t *testing.T) error {
		if o := bench(t, 1, nil, config{}, backend{Context: 300}); len(o.log) > 0 || !o.errs("300", "context-too-long") {
			return fmt.Errorf("%d calls, %v", len(o.log), o.err)
		}
		return bench(t, 1, nil, config{}, backend{Context: 6000}).err
	},
	"MaxOut": func(t *testing.T) error {
		if o := bench(t, 1, nil, config{MaxOut: 77}, backend{MaxOut: 99}); o.log[0].Request.MaxTokens != 99 {
			return fmt.Errorf("%d tokens asked for", o.log[0].Request.MaxTokens)
		}
		return nil
	},
	"Price": func(t *testing.T) error {
		cost := func(p *swarm.Price) swarm.Money {
			pool := over(t, mock.NewHandler(mock.Config{}), backend{Price: p})
			defer pool.Close()
			run := swarm.Swarm{Planner: asking("How much is the rent?"), Worker: pool}
			answer, err := run.Run(t.Context(), swarm.Task{Goal: "rent", Sources: []swarm.Source{leases(2)}})
			if err != nil {
				t.Fatal(err)
			}
			return answer.Report.Usage.Cost
		}
		one, ten := cost(&swarm.Price{In: swarm.Dollar, Out: swarm.Dollar}), cost(&swarm.Price{In: 10 * swarm.Dollar, Out: 10 * swarm.Dollar})
		if one <= 0 || ten != 10*one {
			return fmt.Errorf("cost %v, and %v at ten times the price", one, ten)
		}
		return nil
	},
	"Header": func(t *testing.T) error {
		if o := bench(t, 1, nil, config{}, backend{Header: http.Header{"X-Team": {"blue"}}}); o.log[0].Header.Get("X-Team") != "blue" {
			return fmt.Errorf("headers %v", o.log[0].Header)
		}
		return nil
	},
	"Client": func(t *testing.T) error {
		w := &watched{}
		if o := bench(t, 1, nil, config{Limits: model.Limits{Attempts: 1}}, backend{Client: &http.Client{Transport: w}}); w.header == nil || len(o.log) > 0 {
			return errors.New("the client was not used")
		}
		return nil
	},
	"Stream": func(t *testing.T) error {
		for _, stream := range []bool{true, false} {
			if o := bench(t, 1, nil, config{}, backend{Stream: stream}); o.log[0].Request.Stream != stream {
				return fmt.Errorf("Stream %v: %v was sent", stream, o.log[0].Request.Stream)
			}
		}
		return nil
	},
}

// watched is a transport that keeps the headers of a request, and fails.
type watched struct{ header http.Header }

func (w *watched) RoundTrip(r *http.Request) (*http.Response, error) {
	w.header = r.Header
	return nil, errors.New("nobody there")
}
