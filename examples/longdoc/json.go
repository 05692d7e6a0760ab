package main

import (
	"encoding/json"
	"io"

	"github.com/db31e724/go-swarm/swarm"
)

// tokens is a Usage with its cost in dollars, null where a price is unknown.
type tokens struct {
	swarm.Usage
	Cost *float64 `json:"cost"`
}

func counted(u swarm.Usage) tokens {
	if u.Unpriced {
		return tokens{Usage: u}
	}
	return tokens{u, new(u.Cost.Dollars())}
}

// printJSON writes one object, also where the run failed: with an error in it,
// and where there is no answer with the passages that were found so far.
func printJSON(w io.Writer, a *swarm.Answer, alone *swarm.Answer, runErr error) error {
	type report struct {
		tokens
		Alone        *float64    `json:"alone"`
		SourceTokens int         `json:"source_tokens"` // of the texts, estimated
		Subtasks     swarm.Tally `json:"subtasks"`
		Seconds      float64     `json:"seconds"`
		Planner      tokens      `json:"planner"`
		Workers      tokens      `json:"workers"`
		Retries      int         `json:"retries"`
		Learned      []string    `json:"learned,omitempty"`
		Earlier      *tokens     `json:"earlier,omitempty"`  // of the run, by processes before this one
		Replayed     int         `json:"replayed,omitempty"` // subtasks whose results these left
	}
	type compared struct {
		tokens
		Answer  string  `json:"answer"`
		Seconds float64 `json:"seconds"`
	}
	r := &a.Report
	out := struct {
		Answer    string           `json:"answer"`
		Citations []swarm.Citation `json:"citations"`
		Status    swarm.Status     `json:"status"`
		Complete  bool             `json:"complete"`
		Coverage  swarm.Coverage   `json:"coverage"`
		Report    report           `json:"report"`
		Compared  *compared        `json:"compared,omitempty"`
		Error     string           `json:"error,omitempty"`
	}{
		Answer: a.Text, Citations: a.Citations, Status: a.Status, Complete: a.Complete, Coverage: a.Coverage,
		Report: report{
			tokens: counted(r.Usage), SourceTokens: r.SourceTokens, Subtasks: r.Subtasks, Seconds: r.Wall.Seconds(),
			Planner: counted(r.Roles[swarm.RolePlanner]), Workers: counted(r.Roles[swarm.RoleWorker]),
			Retries: r.Retries, Learned: r.Learned, Replayed: r.Replayed,
		},
	}
	if r.Earlier.Calls > 0 {
		out.Report.Earlier = new(counted(r.Earlier))
	}
	if a.Text == "" {
		out.Citations = found(a)
	}
	out.Citations = append([]swarm.Citation{}, out.Citations...) // [] and not null
	if r.Alone != nil {
		out.Report.Alone = new(r.Alone.Dollars())
	}
	if alone != nil {
		out.Compared = &compared{counted(alone.Report.Usage), alone.Text, alone.Report.Wall.Seconds()}
		out.Report.Alone = out.Compared.Cost
	}
	if runErr != nil {
		out.Error = runErr.Error()
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
