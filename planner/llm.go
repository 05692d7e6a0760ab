// Package planner holds planners: [LLM], which uses a large model behind an
// OpenAI-compatible server, and [Fixed], a plan written in Go.
//
//	Brief ──PlanPrompt──▶ model ──decoder──▶ add(step), while the rest is still being written
//	results ──MergePrompt──▶ model ──answer──▶ numbers of citations ──▶ w, while the rest is still being written
package planner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/internal/pool"
	"github.com/db31e724/go-swarm/internal/record"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// Config is a planner's models, prompts and limits. Zero values suit most uses.
type Config struct {
	// Backends are the models that plan and merge, 1 to 64. If one fails or is
	// busy, another is asked. They must be empty if Doer is set.
	Backends []model.Backend
	// Doer makes the calls in place of Backends, such as the workers.Pool of the
	// same run: what that learns about a server then serves both. nil: Backends.
	Doer model.Doer
	// Context is the most tokens of prompt and reply together. 0: the smallest
	// Context of Backends; with a Doer 128 000.
	Context int
	// Limits are the time limits and other limits of calls. A Doer has its own
	// instead.
	Limits model.Limits

	// PlanPrompt and MergePrompt write the prompts. nil: DefaultPlanPrompt and
	// DefaultMergePrompt. The schema of the reply is sent separately. room is the
	// most tokens of the prompt.
	PlanPrompt  func(b swarm.Brief, room int) Prompt
	MergePrompt func(b swarm.Brief, findings string) Prompt

	// Fallback returns the steps of the first round if the model wrote no
	// acceptable one after all Mends, or if planning does not fit the model's
	// context or the run's budget. Plan still returns its error, and
	// Coverage.PlanCut reports it. nil: no fallback. See ReadAll.
	Fallback func(swarm.Brief) []swarm.Step

	Mends        int // most requests to correct a plan or an unusable answer; 0: 2; negative: none
	PlanBytes    int // most bytes of one reply to a plan prompt; 0: 1 MiB
	PlanTokens   int // most tokens of such a reply; 0: the largest MaxOut of Backends, else 8192 or a quarter of the context
	AnswerTokens int // most tokens of an answer; 0: the largest MaxOut of Backends, else 8192 or a quarter of the context

	// MergeTokens is the most tokens of results that one merge reads. Results that
	// exceed it, or the model's context, are shortened first (swarm.Swarm.Reducer).
	// 0: 24 000.
	MergeTokens int
	// NoReferences leaves numbers in brackets as the model wrote them: [n] is the
	// n-th citation that the model was shown, and Verdict.Citations holds all of
	// those.
	NoReferences bool
}

// Prompt is the text that is sent to a model. Put what many prompts share first, so
// that a provider's prefix cache can serve it.
type Prompt struct {
	System string // role and rules; may be empty
	User   string // data and question
}

// LLM is a planner that asks a large model. It keeps no state of a run and is safe
// for concurrent use.
type LLM struct {
	cfg    Config
	doer   model.Doer
	own    *pool.Pool // nil: the Doer is the caller's
	maxOut int        // of the backends; 0: none names any

	records record.Checker // of answers
}

var _ swarm.Planner = (*LLM)(nil)

// New checks the configuration and returns a planner. It makes no call.
func New(c Config) (*LLM, error) {
	if c.PlanPrompt == nil {
		c.PlanPrompt = DefaultPlanPrompt
	}
	if c.MergePrompt == nil {
		c.MergePrompt = DefaultMergePrompt
	}
	c.Mends = max(cmp.Or(c.Mends, 2), 0)
	if c.Context < 0 || c.PlanBytes < 0 || c.PlanTokens < 0 || c.AnswerTokens < 0 || c.MergeTokens < 0 {
		return nil, fmt.Errorf("planner: Context %d, PlanBytes %d, PlanTokens %d, AnswerTokens %d, MergeTokens %d: none may be negative", c.Context, c.PlanBytes, c.PlanTokens, c.AnswerTokens, c.MergeTokens)
	}
	c.PlanBytes = cmp.Or(c.PlanBytes, 1<<20)
	c.MergeTokens = cmp.Or(c.MergeTokens, 24_000)
	l := &LLM{cfg: c, doer: c.Doer}
	switch {
	case c.Doer == nil:
		p, err := pool.New(pool.Config{Backends: c.Backends, Limits: c.Limits})
		if err != nil {
			return nil, fmt.Errorf("planner: %w", err)
		}
		l.doer, l.own, l.maxOut = p, p, p.MaxOut()
		l.cfg.Context = cmp.Or(c.Context, p.Context())
	case len(c.Backends) > 0 || c.Limits != (model.Limits{}):
		return nil, errors.New("planner: Backends and Limits are not used beside a Doer, which has its own: leave them out")
	default:
		l.cfg.Context = cmp.Or(c.Context, 128_000)
	}
	return l, nil
}

// Close closes idle connections to Backends. Calls must have ended.
func (l *LLM) Close() {
	if l.own != nil {
		l.own.Close()
	}
}

// Window returns the most tokens of results that Merge shows the model: what its
// context holds beside prompt and answer, but at most Config.MergeTokens. It
// assumes that a custom MergePrompt is as long as DefaultMergePrompt.
func (l *LLM) Window() int {
	room := l.room(l.answerOut())
	room = max(room-promptTokens(DefaultMergePrompt(swarm.Brief{}, "")), room/4)
	return min(room, l.cfg.MergeTokens)
}

// room is how many tokens a prompt may have beside a reply of out tokens. A
// part of the context is kept back, for token counts are estimates.
func (l *LLM) room(out int) int {
	size := l.cfg.Context
	return max(size-out-size/12, size/4)
}

func (l *LLM) planOut() int   { return l.out(l.cfg.PlanTokens) }
func (l *LLM) answerOut() int { return l.out(l.cfg.AnswerTokens) }

// out is how many tokens a reply may have. The default leaves room for what a
// model thinks before it writes.
func (l *LLM) out(set int) int {
	return cmp.Or(set, l.maxOut, min(8192, l.cfg.Context/4))
}

func promptTokens(p Prompt) int {
	return swarm.EstimateTokens(p.System) + swarm.EstimateTokens(p.User) + 16
}

// messages makes a conversation of a prompt.
func messages(p Prompt) []model.Message {
	ms := []model.Message{{Role: "system", Content: p.System}, {Role: "user", Content: p.User}}
	return slices.DeleteFunc(ms, func(m model.Message) bool { return strings.TrimSpace(m.Content) == "" })
}

// mended continues a conversation with what the model said, as far as there is
// room for it, and what is to be done about it.
func (l *LLM) mended(ms []model.Message, said, mend string, out int) []model.Message {
	ms = ms[:len(ms):len(ms)]
	used := swarm.EstimateTokens(mend) + 24
	for _, m := range ms {
		used += swarm.EstimateTokens(m.Content)
	}
	if strings.TrimSpace(said) == "" || used+swarm.EstimateTokens(said) > l.room(out) {
		said = "(reply left out)"
	}
	return append(ms, model.Message{Role: "assistant", Content: said}, model.Message{Role: "user", Content: mend})
}

// reader takes a reply as it comes.
type reader interface {
	read(text string) error // an error ends the call
	again()                 // a reply begins, or begins anew
}

// do makes a call and lets to read the reply; nil: it is read when it is whole.
// hold says that prose before the reply may be thinking, which cannot be taken
// back. do returns what was said, without the thinking before it.
func (l *LLM) do(ctx context.Context, r model.Request, to reader, hold bool) (string, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var said strings.Builder
	thinking := thought{hold: hold}
	var failed error
	told := false // of the reply's text
	again := func() {
		said.Reset()
		if to != nil {
			to.again()
		}
	}
	read := func(text string, anew bool) {
		if anew {
			again()
		}
		said.WriteString(text)
		if to != nil && failed == nil && text != "" {
			if failed = to.read(text); failed != nil {
				cancel(failed)
			}
		}
	}
	r.OnText = func(text string) {
		told = told || strings.TrimSpace(text) != ""
		read(thinking.next(text))
	}
	r.OnReset = func() {
		thinking, told = thought{hold: hold}, false
		again()
	}
	again()
	reply, err := l.doer.Do(ctx, r)
	if !told && reply.Text != "" {
		// The server answered in one piece and nobody was told.
		read(thinking.next(reply.Text))
	}
	read(thinking.end(), false)
	return said.String(), cmp.Or(failed, err)
}

// classOf returns the class of a call's error, or "".
func classOf(err error) swarm.Class {
	if e, ok := errors.AsType[*swarm.CallError](err); ok {
		return e.Class
	}
	return ""
}
