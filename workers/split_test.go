package workers

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// narrow is a server that refuses prompts of more bytes than it holds.
type narrow struct {
	*server
	holds   int
	refused int
}

func (n *narrow) RoundTrip(req *http.Request) (*http.Response, error) {
	if int(req.ContentLength) <= n.holds {
		return n.server.RoundTrip(req)
	}
	req.Body.Close()
	n.refused++
	return &http.Response{
		StatusCode: 400, Request: req, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`)),
	}, nil
}

func (n *narrow) backend() model.Backend {
	return model.Backend{Model: "small", BaseURL: "http://server/v1", Client: &http.Client{Transport: n}}
}

// ledger is a chunk of so many paragraphs, of which some name a payment.
func ledger(paragraphs int, payments ...int) *swarm.Chunk {
	var b strings.Builder
	for i := range paragraphs {
		fmt.Fprintf(&b, "Paragraph %d tells of the weather, the roads and the state of the harvest.\n", i)
		for _, p := range payments {
			if p == i {
				fmt.Fprintf(&b, "On day %d a payment of %d crowns was made.\n", i, 100*i)
			}
		}
		b.WriteString("Nothing else happened on that day that anybody wrote down.\n\n")
	}
	return &swarm.Chunk{Source: "ledger", ID: "ledger#1", Text: b.String(), Start: 5000, End: 5000 + b.Len()}
}

// clerk finds the payments in a prompt.
func clerk() *server {
	return &server{reply: func(_ int, r sent) (string, string) {
		var all []string
		day := 0
		for line := range strings.Lines(r.prompt()) {
			if _, err := fmt.Sscanf(line, "On day %d a payment", &day); err == nil {
				all = append(all, fmt.Sprintf("day %d", day), strings.TrimSpace(line))
			}
		}
		return found(all...), "stop"
	}}
}

func over(c *swarm.Chunk) swarm.Subtask {
	return swarm.Subtask{Step: &swarm.Step{ID: "1/pay", Do: "Find payments.", Over: swarm.Chunks}, Goal: "Who paid?", Chunk: c}
}

func TestChunkTooLongForTheServerIsReadInParts(t *testing.T) {
	for name, size := range map[string]func(*narrow) model.Backend{
		"as the server says": func(n *narrow) model.Backend { n.holds = 5500; return n.backend() },
		"as the backend's Context says": func(n *narrow) model.Backend {
			n.holds = 1 << 20
			b := n.backend()
			b.Context = 1400
			return b
		},
	} {
		n := &narrow{server: clerk()}
		c := ledger(60, 7, 44)
		out, err := n.pool(t, Config{Backends: []model.Backend{size(n)}}).Work(t.Context(), over(c))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if out.Text() != "day 7\nday 44" || len(evidence(out)) != 2 {
			t.Errorf("%s: %+v, want both findings", name, out)
		}
		for _, cite := range evidence(out) {
			if !cite.Verified || c.Text[cite.Start-c.Start:cite.End-c.Start] != cite.Quote || cite.Chunk != c.ID {
				t.Errorf("%s: citation %+v is not at its place", name, cite)
			}
		}
		if len(n.seen) < 2 || len(n.seen) > 8 {
			t.Errorf("%s: read in %d parts", name, len(n.seen))
		}
	}
}

func TestQuestionBeyondTheContextIsLeftOut(t *testing.T) {
	n := &narrow{server: clerk(), holds: 5500}
	st := over(ledger(10, 3))
	st.Goal = strings.Repeat("Who paid? ", 600)
	out, err := n.pool(t, Config{Backends: []model.Backend{n.backend()}}).Work(t.Context(), st)
	if err != nil || out.Text() != "day 3" || len(n.seen) != 1 {
		t.Errorf("%+v, %v, in %d parts", out, err, len(n.seen))
	}
}

func TestPartsAbstainOnlyTogether(t *testing.T) {
	n := &narrow{server: clerk(), holds: 5500}
	p := n.pool(t, Config{Backends: []model.Backend{n.backend()}})
	if out, err := p.Work(t.Context(), over(ledger(60))); err != nil || len(out.Findings) > 0 {
		t.Errorf("%+v, %v, want an abstention", out, err)
	}
	if out, err := p.Work(t.Context(), over(ledger(60, 3))); err != nil || out.Text() != "day 3" {
		t.Errorf("%+v, %v, want the one finding", out, err)
	}
}

func TestSplittingEnds(t *testing.T) {
	n := &narrow{server: clerk(), holds: 10}
	_, err := n.pool(t, Config{Backends: []model.Backend{n.backend()}}).Work(t.Context(), over(ledger(60)))
	if !isClass(err, swarm.ClassTooLong) || n.refused > 15 {
		t.Errorf("%v after %d calls", err, n.refused)
	}
}

func TestListsOfPartsAreJoined(t *testing.T) {
	n := &narrow{holds: 5500}
	n.server = &server{reply: func(i int, _ sent) (string, string) {
		return fmt.Sprintf(`{"items":["both","part %d"]}`, i), "stop"
	}}
	st := over(ledger(50))
	st.Step.Form = swarm.FormList
	out, err := n.pool(t, Config{Backends: []model.Backend{n.backend()}}).Work(t.Context(), st)
	if err != nil || out.Text() != "both\npart 0\npart 1" {
		t.Errorf("%q, %v", out.Text(), err)
	}
}

func TestChunksAreCutBetweenSentences(t *testing.T) {
	pad := strings.Repeat("word and word ", 20)
	for _, c := range []struct{ text, second string }{
		{pad + "end.\n\n" + pad + "a. b\n" + pad, pad + "a. b\n"},
		{pad + "end.\nNext line " + pad, "Next line"},
		{pad + "end. Next sentence " + pad, "Next sentence"},
		{strings.Repeat("字", 100) + "。下一句" + strings.Repeat("字", 100), "下一句"},
		{strings.Repeat("x", 500), "x"},
		{strings.Repeat("é", 301), "é"},
	} {
		chunk := &swarm.Chunk{Text: c.text, Start: 10, End: 10 + len(c.text)}
		at := middle(chunk.Text)
		a, b := chunk.Part(0, at), chunk.Part(at, len(chunk.Text))
		if a.Text+b.Text != c.text || !strings.HasPrefix(b.Text, c.second) || !utf8.ValidString(b.Text) {
			t.Errorf("%.40q… is cut before %.40q", c.text, b.Text)
		}
		if a.Start != 10 || a.End != b.Start || b.End != chunk.End || b.End-b.Start != len(b.Text) {
			t.Errorf("offsets %d-%d, %d-%d", a.Start, a.End, b.Start, b.End)
		}
		if least := len(c.text) / 4; len(a.Text) < least || len(b.Text) < least {
			t.Errorf("parts of %d and %d bytes", len(a.Text), len(b.Text))
		}
	}
}

// A whole source that is larger than a model's context is read in parts, and all
// that is found there is kept, at its place.
func TestSourceLargerThanTheContextIsReadInParts(t *testing.T) {
	src := swarm.Source{Name: "ledger"}
	var body strings.Builder
	for i := range 30 {
		text := fmt.Sprintf("# Week %d\n\nOn day %d a payment of %d crowns was made.\n\n%s", i, i, 100*i, strings.Repeat("Nothing else was written down on that day.\n", 12))
		src.Chunks = append(src.Chunks, swarm.Chunk{
			Source: "ledger", ID: fmt.Sprint("ledger#", i+1), Path: fmt.Sprint("Week ", i), Text: text,
			Start: body.Len(), End: body.Len() + len(text), Line: strings.Count(body.String(), "\n") + 1,
		})
		body.WriteString(text + "\n\n")
	}
	n := &narrow{server: clerk(), holds: 1 << 20}
	b := n.backend()
	b.Context = 2500
	p := n.pool(t, Config{Backends: []model.Backend{b}})
	sw := swarm.Swarm{Planner: planOf{ID: "pay", Do: "Find payments.", Over: swarm.Sources}, Worker: Check(p, Quotes), Rounds: 1}
	a, err := sw.Run(t.Context(), swarm.Task{Goal: "Who paid?", Sources: []swarm.Source{src}})
	if err != nil {
		t.Fatal(err)
	}
	for r := range a.Results() {
		if len(r.Out.Findings) != 30 || len(r.Out.Doubts) > 0 {
			t.Fatalf("%d findings, doubts %q, %v", len(r.Out.Findings), r.Out.Doubts, r.Err)
		}
		for i, f := range r.Out.Findings {
			c := f.Evidence[0]
			if want := fmt.Sprintf("On day %d a payment of %d crowns was made.", i, 100*i); !c.Verified || body.String()[c.Start:c.End] != want ||
				c.Chunk != fmt.Sprint("ledger#", i+1) || c.Path != fmt.Sprint("Week ", i) || c.Line != strings.Count(body.String()[:c.Start], "\n")+1 {
				t.Errorf("%q is cited as %+v", want, c)
			}
		}
	}
	if len(n.seen) < 4 {
		t.Errorf("read in %d parts", len(n.seen))
	}
}
