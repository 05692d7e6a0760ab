package observe

import (
	"fmt"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/db31e724/go-swarm/swarm"
)

// ZapOption changes what [Zap] logs.
type ZapOption func(*zapListener)

// Texts makes [Zap] log the full goal, instructions, findings and answer, not only
// their lengths.
func Texts() ZapOption { return func(z *zapListener) { z.texts = true } }

// Zap returns a listener that logs each event to log, with the kind's name as
// message.
//
// Levels: Info for the run's start, steps, rounds and end; Debug for single
// subtasks, calls and pieces of the answer; Warn for a refused step, a retry, a
// failed or stalled subtask, or a result left out; Error for a merge or a run that
// ended with an error. A failed call is logged at Debug, because its consequence is
// an event of its own.
//
// For goal, instructions, findings and answer only the length in bytes is logged,
// unless the option [Texts] is given. Keys are in no event. An event whose level is
// not enabled costs a comparison and no allocation.
func Zap(log *zap.Logger, opts ...ZapOption) func(swarm.Event) {
	z := &zapListener{log: log}
	for _, o := range opts {
		o(z)
	}
	return z.observe
}

type zapListener struct {
	log   *zap.Logger
	texts bool
}

func (z *zapListener) observe(e swarm.Event) {
	if ce := z.log.Check(level(&e), e.Kind.String()); ce != nil {
		ce.Write(z.fields(&e)...)
	}
}

func level(e *swarm.Event) zapcore.Level {
	switch e.Kind {
	case swarm.StepRefused, swarm.Retrying, swarm.Stalled, swarm.Narrowed:
		return zapcore.WarnLevel
	case swarm.RunEnded, swarm.MergeEnded:
		if e.Err != nil {
			return zapcore.ErrorLevel
		}
	case swarm.PlanEnded:
		if e.Err != nil {
			return zapcore.WarnLevel
		}
	case swarm.SubtaskEnded:
		if e.Outcome == swarm.Failed {
			return zapcore.WarnLevel
		}
		return zapcore.DebugLevel
	case swarm.RunStarted, swarm.StepAdded, swarm.StepUnfolded, swarm.MergeStarted, swarm.Learned:
	default:
		return zapcore.DebugLevel
	}
	return zapcore.InfoLevel
}

// set adds a field, unless it is not set.
func set[T comparable](fs []zap.Field, field func(string, T) zap.Field, key string, v T) []zap.Field {
	var none T
	if v == none {
		return fs
	}
	return append(fs, field(key, v))
}

// text adds a text, or only its length where it is of the user, the sources or
// the models and was not asked for.
func (z *zapListener) text(fs []zap.Field, key, text string, private bool) []zap.Field {
	if z.texts || !private {
		return append(fs, zap.String(key, text))
	}
	return append(fs, zap.Int(key+"_bytes", len(text)))
}

// fields lists what the event carries; what is not set is left out, but for
// the range of subtasks, of which zero is a part.
func (z *zapListener) fields(e *swarm.Event) []zap.Field {
	fs := make([]zap.Field, 0, 16)
	fs = append(fs, zap.String("run", e.Run), zap.Duration("at", e.At))
	fs = set(fs, zap.Int, "round", e.Round)
	fs = set(fs, zap.String, "step", e.Step)
	switch e.Kind {
	case swarm.SubtaskStarted:
		fs = append(fs, zap.Int("index", e.Index))
	case swarm.SubtaskEnded:
		fs = append(fs, zap.Int("index", e.Index), zap.Int("to", e.To), zap.Stringer("outcome", e.Outcome))
	case swarm.StepAdded, swarm.StepUnfolded:
		fs = append(fs, zap.Int("index", e.Index), zap.Int("to", e.To))
	}
	fs = set(fs, zap.String, "role", string(e.Role))
	fs = set(fs, zap.String, "model", e.Model)
	fs = set(fs, zap.Int, "tokens", e.Tokens)
	fs = set(fs, zap.Duration, "wait", e.Wait)
	if e.Text != "" {
		engine := e.Kind == swarm.Learned || e.Kind == swarm.ToolCalled || e.Kind == swarm.WorkedElsewhere || e.Kind == swarm.Stalled || e.Kind == swarm.Narrowed
		fs = z.text(fs, "text", e.Text, !engine)
	}
	fs = set(fs, zap.Bool, "reset", e.Reset)
	if u := e.Usage; u != nil {
		fs = append(fs, zap.Int("calls", u.Calls), zap.Int("tokens_in", u.In), zap.Int("tokens_out", u.Out))
		fs = set(fs, zap.Int, "tokens_cached", u.Cached)
		fs = append(fs, zap.Float64("cost", u.Cost.Dollars()))
		fs = set(fs, zap.Bool, "at_least", u.AtLeast)
		fs = set(fs, zap.Bool, "unpriced", u.Unpriced)
	}
	if r := e.Result; r != nil {
		fs = z.text(fs, "found", r.Out.Text(), true)
		fs = append(fs, zap.Int("findings", len(r.Out.Findings)))
		fs = set(fs, zap.Float64, "confidence", r.Out.Confidence())
		fs = set(fs, zap.Int, "doubts", len(r.Out.Doubts))
	}
	if a := e.Answer; a != nil {
		c := a.Coverage
		fs = z.text(fs, "answer", a.Text, true)
		fs = append(
			fs,
			zap.Stringer("status", a.Status), zap.Bool("complete", a.Complete), zap.Int("citations", len(a.Citations)), zap.Int("rounds", a.Rounds),
			zap.Int("subtasks", c.Subtasks), zap.Int("done", c.Done), zap.Int("abstained", c.Abstained),
			zap.Int("failed", c.Failed), zap.Int("skipped", c.Skipped), zap.Int("cancelled", c.Cancelled),
		)
	}
	if e.Err != nil {
		fs = append(fs, zap.String("error", fmt.Sprint(e.Err)))
	}
	return fs
}
