package observe

import (
	"slices"

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

// text is a text, or only its length where it is of the user, the sources or the
// models and was not asked for.
func (z *zapListener) text(key, text string) zap.Field {
	if z.texts {
		return zap.String(key, text)
	}
	return zap.Int(key+"_bytes", len(text))
}

// fields lists what the event carries. Of what any kind may have, that which is not
// set is left out, but for the time: a run begins at zero.
func (z *zapListener) fields(e *swarm.Event) []zap.Field {
	text := z.text("text", e.Text)
	switch e.Kind {
	case swarm.Learned, swarm.ToolCalled, swarm.WorkedElsewhere, swarm.Stalled, swarm.Narrowed: // the engine's words
		text = zap.String("text", e.Text)
	}
	fs := slices.DeleteFunc([]zap.Field{
		zap.String("run", e.Run), zap.Duration("at", e.At), zap.Int("round", e.Round), zap.String("step", e.Step),
		zap.String("role", string(e.Role)), zap.String("model", e.Model), zap.Int("tokens", e.Tokens),
		zap.Duration("wait", e.Wait), text, zap.Bool("reset", e.Reset), zap.Error(e.Err),
	}, func(f zap.Field) bool { return f.Key != "at" && f.Integer == 0 && f.String == "" && f.Interface == nil })
	switch e.Kind {
	case swarm.SubtaskStarted:
		fs = append(fs, zap.Int("index", e.Index))
	case swarm.SubtaskEnded:
		fs = append(fs, zap.Int("index", e.Index), zap.Int("to", e.To), zap.Stringer("outcome", e.Outcome))
	case swarm.StepAdded, swarm.StepUnfolded:
		fs = append(fs, zap.Int("index", e.Index), zap.Int("to", e.To))
	}
	if u := e.Usage; u != nil {
		fs = append(fs,
			zap.Int("calls", u.Calls), zap.Int("tokens_in", u.In), zap.Int("tokens_out", u.Out), zap.Int("tokens_cached", u.Cached),
			zap.Float64("cost", u.Cost.Dollars()), zap.Bool("at_least", u.AtLeast), zap.Bool("unpriced", u.Unpriced))
	}
	if r := e.Result; r != nil {
		fs = append(fs, z.text("found", r.Out.Text()),
			zap.Int("findings", len(r.Out.Findings)), zap.Float64("confidence", r.Out.Confidence()), zap.Int("doubts", len(r.Out.Doubts)))
	}
	if a := e.Answer; a != nil {
		c := a.Coverage
		fs = append(fs, z.text("answer", a.Text),
			zap.Stringer("status", a.Status), zap.Bool("complete", a.Complete), zap.Int("citations", len(a.Citations)), zap.Int("rounds", a.Rounds),
			zap.Int("subtasks", c.Subtasks), zap.Int("done", c.Done), zap.Int("abstained", c.Abstained),
			zap.Int("failed", c.Failed), zap.Int("skipped", c.Skipped), zap.Int("cancelled", c.Cancelled))
	}
	return fs
}
