package observe_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	zapobserver "go.uber.org/zap/zaptest/observer"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/observe"
)

func TestZapLogsEachKindAtItsLevel(t *testing.T) {
	broke := errors.New("broke")
	for _, c := range []struct {
		event swarm.Event
		want  zapcore.Level
	}{
		{swarm.Event{Kind: swarm.RunStarted}, zap.InfoLevel},
		{swarm.Event{Kind: swarm.StepAdded}, zap.InfoLevel},
		{swarm.Event{Kind: swarm.StepUnfolded}, zap.InfoLevel},
		{swarm.Event{Kind: swarm.StepRefused, Err: broke}, zap.WarnLevel},
		{swarm.Event{Kind: swarm.PlanEnded}, zap.InfoLevel},
		{swarm.Event{Kind: swarm.PlanEnded, Err: broke}, zap.WarnLevel},
		{swarm.Event{Kind: swarm.SubtaskStarted}, zap.DebugLevel},
		{swarm.Event{Kind: swarm.SubtaskEnded, Outcome: swarm.Done}, zap.DebugLevel},
		{swarm.Event{Kind: swarm.SubtaskEnded, Outcome: swarm.Failed, Err: broke}, zap.WarnLevel},
		{swarm.Event{Kind: swarm.CallEnded, Err: broke}, zap.DebugLevel},
		{swarm.Event{Kind: swarm.Retrying, Err: broke}, zap.WarnLevel},
		{swarm.Event{Kind: swarm.Learned}, zap.InfoLevel},
		{swarm.Event{Kind: swarm.Narrowed}, zap.WarnLevel},
		{swarm.Event{Kind: swarm.Stalled}, zap.WarnLevel},
		{swarm.Event{Kind: swarm.AnswerText}, zap.DebugLevel},
		{swarm.Event{Kind: swarm.MergeStarted}, zap.InfoLevel},
		{swarm.Event{Kind: swarm.MergeEnded}, zap.InfoLevel},
		{swarm.Event{Kind: swarm.MergeEnded, Err: broke}, zap.ErrorLevel},
		{swarm.Event{Kind: swarm.RunEnded}, zap.InfoLevel},
		{swarm.Event{Kind: swarm.RunEnded, Err: broke}, zap.ErrorLevel},
		{swarm.Event{Kind: 250}, zap.DebugLevel},
	} {
		core, logs := zapobserver.New(zap.DebugLevel)
		observe.Zap(zap.New(core))(c.event)
		entries := logs.All()
		if len(entries) != 1 {
			t.Fatalf("%s: %d entries, want 1", c.event.Kind, len(entries))
		}
		e := entries[0]
		if e.Level != c.want || e.Message != c.event.Kind.String() {
			t.Errorf("%s logged at %s as %q, want at %s", c.event.Kind, e.Level, e.Message, c.want)
		}
		if c.event.Err != nil && e.ContextMap()["error"] != "broke" {
			t.Errorf("%s: the error is not among %v", c.event.Kind, e.ContextMap())
		}
	}
}

// logged returns all that a development log shows of the run.
func logged(opts ...observe.ZapOption) string {
	var out bytes.Buffer
	core := zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()), zapcore.AddSync(&out), zap.DebugLevel)
	play(observe.Zap(zap.New(core), opts...), aRun())
	return out.String()
}

func TestZapLogsTextsAsLengthsUnlessAsked(t *testing.T) {
	words := []string{"GOAL-WORDS", "STEP-WORDS", "FINDING-WORDS", "ANSWER-WORDS"}
	short, long := logged(), logged(observe.Texts())
	for _, w := range words {
		if strings.Contains(short, w) {
			t.Errorf("%s is in the log", w)
		}
		if !strings.Contains(long, w) {
			t.Errorf("%s is not in the log that asked for texts", w)
		}
	}
	for _, part := range []string{`"text_bytes": 10`, `"found_bytes": 18`, `"findings": 2`, `"status": "answered"`} {
		if !strings.Contains(short, part) {
			t.Errorf("no %s in\n%s", part, short)
		}
	}
}

func TestZapShowsWhatWasLearntOfABackend(t *testing.T) {
	core, logs := zapobserver.New(zap.DebugLevel)
	observe.Zap(zap.New(core))(swarm.Event{Kind: swarm.Learned, Model: "small", Text: "takes no schema"})
	if got := logs.All()[0].ContextMap(); got["text"] != "takes no schema" || got["model"] != "small" {
		t.Errorf("got %v", got)
	}
}

func TestZapAllocatesNothingBelowItsLevel(t *testing.T) {
	core, _ := zapobserver.New(zap.WarnLevel)
	f := observe.Zap(zap.New(core))
	e := swarm.Event{Kind: swarm.SubtaskStarted, Run: "r", Step: "1/a"}
	if n := testing.AllocsPerRun(100, func() { f(e) }); n != 0 {
		t.Errorf("%v allocations for an event that is not logged", n)
	}
}

func TestZapMarksCostsThatAreNotWhole(t *testing.T) {
	core, logs := zapobserver.New(zap.DebugLevel)
	observe.Zap(zap.New(core))(swarm.Event{
		Kind:  swarm.CallEnded,
		Usage: &swarm.Usage{Calls: 1, In: 7, Cached: 3, Out: 2, Cost: swarm.Dollar, AtLeast: true, Unpriced: true},
	})
	got := logs.All()[0].ContextMap()
	for k, want := range map[string]any{
		"calls": int64(1), "tokens_in": int64(7), "tokens_cached": int64(3), "tokens_out": int64(2),
		"cost": 1.0, "at_least": true, "unpriced": true,
	} {
		if got[k] != want {
			t.Errorf("%s is %v, want %v", k, got[k], want)
		}
	}
}
