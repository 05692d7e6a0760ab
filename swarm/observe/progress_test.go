package observe_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/observe"
)

// screen is what a terminal of any width shows after out was written to it.
func screen(out string) []string {
	var lines []string
	var line []byte
	col := 0
	for _, c := range []byte(out) {
		switch c {
		case '\r':
			col = 0
		case '\n':
			lines, line, col = append(lines, string(line)), nil, 0
		default:
			if col == len(line) {
				line = append(line, 0)
			}
			line[col] = c
			col++
		}
	}
	lines = append(lines, string(line))
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

func TestProgressShowsSubtasksTokensCostAndRetries(t *testing.T) {
	var out bytes.Buffer
	play(observe.Progress(&out), aRun())
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if got, want := lines[len(lines)-1], "done  7/7  1 failed  4 cancelled  15.3k tokens  $0.0420  1 retry  10.0s"; got != want {
		t.Errorf("the last line is\n%q, want\n%q", got, want)
	}
	if got, want := lines[0], "working  3/3+  1 failed  15.3k tokens  $0.0420  1 retry  5.0s"; got != want {
		t.Errorf("the line at the end of the plan is\n%q, want\n%q", got, want)
	}
}

func TestProgressWritesPlainLinesNowAndThen(t *testing.T) {
	var out bytes.Buffer
	f := observe.Progress(&out)
	f(swarm.Event{Kind: swarm.RunStarted, Run: "r"})
	for at := time.Duration(0); at < time.Hour; at += 10 * time.Millisecond {
		f(swarm.Event{Kind: swarm.SubtaskStarted, Run: "r", At: at})
	}
	f(swarm.Event{Kind: swarm.RunEnded, Run: "r", At: time.Hour})
	if n := strings.Count(out.String(), "\n"); n < 50 || n > 150 {
		t.Errorf("%d lines in an hour", n)
	}
	if strings.ContainsAny(out.String(), "\r\x1b") {
		t.Error("control characters where there is no terminal")
	}
}

func TestProgressDrawsOneLineInPlace(t *testing.T) {
	var out bytes.Buffer
	t.Setenv("COLUMNS", "100")
	f := observe.Progress(&out, observe.InPlace(true))
	var events []swarm.Event
	for _, e := range aRun() {
		if e.Kind != swarm.AnswerText {
			events = append(events, e)
		}
	}
	play(f, events)
	got := screen(out.String())
	if len(got) != 2 || !strings.HasPrefix(got[0], "done  7/7") || got[1] != "" {
		t.Errorf("the screen shows %q, want one line and the cursor below it", got)
	}
}

func TestProgressDrawsAtMostTenTimesASecond(t *testing.T) {
	var out bytes.Buffer
	t.Setenv("COLUMNS", "80")
	f := observe.Progress(&out, observe.InPlace(true))
	f(swarm.Event{Kind: swarm.RunStarted, Run: "r"})
	for i := range 1000 {
		f(swarm.Event{Kind: swarm.SubtaskStarted, Run: "r", At: time.Duration(i) * time.Millisecond})
	}
	if n := strings.Count(out.String(), "\r"); n < 5 || n > 11 {
		t.Errorf("%d drawings in a second", n)
	}
}

func TestProgressMakesWayForTheAnswer(t *testing.T) {
	var terminal bytes.Buffer
	answer := func(e swarm.Event) {
		if e.Kind == swarm.AnswerText {
			terminal.WriteString(e.Text)
		}
	}
	t.Setenv("COLUMNS", "120")
	play(observe.Tee(observe.Progress(&terminal, observe.InPlace(true)), answer), aRun())
	got := screen(terminal.String())
	if len(got) != 3 || got[0] != "ANSWER-WORDS ANSWER-WORDS" || !strings.HasPrefix(got[1], "done  7/7") || got[2] != "" {
		t.Errorf("the screen shows %q, want the answer and the last line below it", got)
	}
}

func TestProgressDrawsNothingInTheMiddleOfAnAnswer(t *testing.T) {
	var terminal bytes.Buffer
	answer := func(e swarm.Event) {
		terminal.WriteString(e.Text)
		if e.Kind == swarm.MergeEnded {
			terminal.WriteString("\n")
		}
	}
	t.Setenv("COLUMNS", "120")
	play(observe.Tee(observe.Progress(&terminal, observe.InPlace(true)), answer), []swarm.Event{
		{Kind: swarm.RunStarted, Run: "r"},
		{Kind: swarm.MergeStarted, Run: "r", At: time.Second},
		{Kind: swarm.AnswerText, Run: "r", At: 2 * time.Second, Text: "Forty-"},
		{Kind: swarm.CallEnded, Run: "r", At: 3 * time.Second},
		{Kind: swarm.AnswerText, Run: "r", At: 4 * time.Second, Text: "two."},
		{Kind: swarm.MergeEnded, Run: "r", At: 5 * time.Second},
		{Kind: swarm.RunEnded, Run: "r", At: 6 * time.Second},
	})
	got := screen(terminal.String())
	if len(got) != 4 || got[0] != "Forty-two." || got[1] != "" || !strings.HasPrefix(got[2], "done  0/0") {
		t.Errorf("the screen shows %q, want the answer in one piece and the last line below it", got)
	}
}

func TestProgressNeverFillsANarrowTerminal(t *testing.T) {
	for width := 1; width < 120; width++ {
		var out bytes.Buffer
		t.Setenv("COLUMNS", strconv.Itoa(width))
		play(observe.Progress(&out, observe.InPlace(true)), aRun())
		for _, line := range strings.FieldsFunc(out.String(), func(r rune) bool { return r == '\r' || r == '\n' }) {
			if len(line) >= max(width, 1) {
				t.Fatalf("width %d: %d columns in %q", width, len(line), line)
			}
		}
	}
}

func TestProgressKeepsWholePartsInANarrowTerminal(t *testing.T) {
	var out bytes.Buffer
	t.Setenv("COLUMNS", "16")
	play(observe.Progress(&out, observe.InPlace(true)), aRun())
	if got := screen(out.String()); got[len(got)-2] != "done  7/7" {
		t.Errorf("the screen shows %q", got)
	}
}

func TestProgressSaysHowARunEnded(t *testing.T) {
	var out bytes.Buffer
	play(observe.Progress(&out), []swarm.Event{
		{Kind: swarm.RunStarted, Run: "r"},
		{Kind: swarm.RunEnded, Run: "r", Round: 2, Err: errors.New("no answer")},
	})
	if got, want := out.String(), "ended with an error (round 2)  0/0  0 tokens  $0.00  0.0s\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestProgressMarksCostsThatAreNotWhole(t *testing.T) {
	for _, c := range []struct {
		usage swarm.Usage
		want  string
	}{
		{swarm.Usage{In: 5}, "$0.00"},
		{swarm.Usage{In: 5, Unpriced: true}, "cost unknown"},
		{swarm.Usage{In: 5, Unpriced: true, Cost: swarm.Dollar}, ">=$1.00"},
		{swarm.Usage{In: 5, AtLeast: true, Cost: swarm.Dollar}, ">=$1.00"},
	} {
		var out bytes.Buffer
		play(observe.Progress(&out), []swarm.Event{
			{Kind: swarm.RunStarted, Run: "r"},
			{Kind: swarm.CallEnded, Run: "r", Usage: &c.usage},
			{Kind: swarm.RunEnded, Run: "r"},
		})
		if !strings.Contains(out.String(), "  "+c.want+"  ") {
			t.Errorf("%+v is shown as %q, want %s in it", c.usage, out.String(), c.want)
		}
	}
}

func TestProgressAddsUpRunsThatOverlap(t *testing.T) {
	var out bytes.Buffer
	t.Setenv("COLUMNS", "80")
	f := observe.Progress(&out, observe.InPlace(true))
	for i := range 3 {
		run := fmt.Sprint(i)
		play(f, []swarm.Event{
			{Kind: swarm.RunStarted, Run: run},
			{Kind: swarm.StepAdded, Run: run, To: 10},
			{Kind: swarm.SubtaskEnded, Run: run, To: 10, Outcome: swarm.Done},
		})
	}
	for i := range 3 {
		f(swarm.Event{Kind: swarm.RunEnded, Run: fmt.Sprint(i), At: time.Second})
	}
	if got := screen(out.String()); len(got) != 2 || !strings.HasPrefix(got[0], "done  30/30  ") {
		t.Errorf("the screen shows %q", got)
	}
	out.Reset()
	play(f, aRun())
	if got := out.String(); !strings.Contains(got, "7/7") {
		t.Errorf("a run after them shows %q", got)
	}
}

func TestProgressIgnoresRunsWhoseStartItDidNotSee(t *testing.T) {
	var out bytes.Buffer
	play(observe.Progress(&out), aRun()[1:])
	if out.Len() > 0 {
		t.Errorf("it wrote %q", out.String())
	}
}

func TestProgressTakesAFileForNoTerminal(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/progress")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	play(observe.Progress(file), aRun())
	got, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsRune(got, '\r') || !bytes.HasSuffix(got, []byte("s\n")) {
		t.Errorf("the file holds %q", got)
	}
}

func TestProgressReadsColumnsWhereTheTerminalDoesNotSay(t *testing.T) {
	t.Setenv("COLUMNS", "20")
	var out bytes.Buffer
	play(observe.Progress(&out, observe.InPlace(true)), aRun()[:8])
	for _, line := range strings.Split(out.String(), "\r") {
		if len(line) > 19 {
			t.Errorf("%d columns in %q", len(line), line)
		}
	}
}
