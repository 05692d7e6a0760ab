package observe

import (
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/db31e724/go-swarm/swarm"
)

// ProgressOption changes how [Progress] draws.
type ProgressOption func(*progress)

// InPlace says whether one line is redrawn, as on a terminal, or plain lines are
// written. Default: true if w is an *[os.File] on a terminal.
func InPlace(yes bool) ProgressOption { return func(p *progress) { p.inPlace = yes } }

// How often a line is drawn, in time since the run began.
const (
	redraw    = 100 * time.Millisecond // in place
	plainMin  = 5 * time.Second        // plain lines, while the run is young,
	plainMax  = time.Minute            // and while it is old:
	plainPart = 10                     // a tenth of its age lies between two
)

// Progress returns a listener that shows on w how far a run is: ended and known
// subtasks, tokens, cost, retries, time.
//
// On a terminal it redraws one line, at most ten times a second by the events'
// times, cut to the terminal's width (by default $COLUMNS, else 80), and ends it with
// a newline when the run ends. Elsewhere it writes plain lines: at the end of plans,
// at merges, at the end of the run, and in between every five seconds to a minute,
// less often in longer runs.
//
// While the answer's text arrives, until MergeEnded, the line is erased and nothing
// is drawn, so that a listener after this one in [Tee] can write the answer to the
// same terminal.
//
// It draws only when an event arrives; an event that draws nothing costs about a
// hundred nanoseconds. Runs at the same time are shown as their sum.
func Progress(w io.Writer, opts ...ProgressOption) func(swarm.Event) {
	f, ok := w.(*os.File)
	p := &progress{w: w, inPlace: ok && term.IsTerminal(int(f.Fd()))}
	for _, o := range opts {
		o(p)
	}
	return p.observe
}

type progress struct {
	w       io.Writer
	inPlace bool

	mu sync.Mutex
	tally
	next  time.Duration // not drawn again before
	drawn int           // columns of the line that stands on the terminal
	aside bool          // answer text comes, perhaps to the same terminal: draw nothing
	fresh bool          // begin a new line, for that text may have ended within one
}

func (p *progress) observe(e swarm.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.count(&e) {
		return
	}
	ended := e.Kind == swarm.RunEnded
	milestone := ended || e.Kind == swarm.PlanEnded || e.Kind == swarm.MergeStarted
	p.aside = p.aside && !ended
	switch {
	case e.Kind == swarm.AnswerText:
		p.stepAside(e.Text)
	case e.Kind == swarm.MergeEnded:
		p.aside = false
	case e.Kind == swarm.RunStarted && !p.inPlace:
		p.next = plainMin
	case p.aside:
	case p.inPlace && (ended || e.At >= p.next || e.Kind == swarm.RunStarted):
		p.next = e.At + redraw
		p.drawInPlace()
	case !p.inPlace && (milestone || e.At >= p.next):
		p.next = e.At + min(max(plainMin, e.At/plainPart), plainMax)
		io.WriteString(p.w, p.line(-1)+"\n")
	}
	if ended {
		p.next = 0 // each run has a clock of its own
		if p.drawn > 0 && len(p.live) == 0 {
			io.WriteString(p.w, "\n")
			p.drawn = 0
		}
	}
}

func (p *progress) stepAside(text string) {
	if text == "" {
		return
	}
	p.aside = true
	p.fresh = !strings.HasSuffix(text, "\n")
	if p.drawn > 0 {
		io.WriteString(p.w, "\r"+strings.Repeat(" ", p.drawn)+"\r")
		p.drawn = 0
	}
}

// drawInPlace writes the line over the one that stands. A column is left free,
// for many terminals break the line when the last one is written.
func (p *progress) drawInPlace() {
	line := p.line(max(columnsOf(p.w)-1, 0))
	out := "\r" + line + strings.Repeat(" ", max(p.drawn-len(line), 0))
	if p.fresh {
		out = "\n" + line
		p.fresh = false
	}
	p.drawn = len(line)
	io.WriteString(p.w, out)
}

// columnsOf finds the width of w, anew at each drawing: windows are resized.
func columnsOf(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return n
		}
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	return 80
}
