package mock

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const workerSchema = `{"type":"object","properties":{"answer":{"type":"string"},"quote":{"type":"string"},"confidence":{"type":"number"},"abstain":{"type":"boolean"}},"required":["answer","quote","confidence","abstain"],"additionalProperties":false}`

const mergeSchema = `{"type":"object","properties":{"answer":{"type":"string"},"complete":{"type":"boolean"},"missing":{"type":"string"}},"required":["answer","complete","missing"],"additionalProperties":false}`

// read is what a small brain said of a chunk.
type read struct {
	Answer     string
	Quote      string
	Confidence float64
	Abstain    bool
	chunk      int
}

// piece is a chunk of a test's text.
type piece struct{ path, text string }

// cutText cuts a text at blank lines into pieces of about size bytes, each
// with the headings ("# …") above it.
func cutText(text string, size int) []piece {
	var out []piece
	var b strings.Builder
	heads := make([]string, 7)
	path := func() string {
		var hs []string
		for _, h := range heads {
			if h != "" {
				hs = append(hs, h)
			}
		}
		return strings.Join(hs, " › ")
	}
	at := ""
	for p := range strings.SplitSeq(text, "\n\n") {
		level := len(p) - len(strings.TrimLeft(p, "#"))
		if b.Len() > 0 && (b.Len()+len(p) > size || level > 0 && b.Len() > size/2) {
			out = append(out, piece{at, b.String()})
			b.Reset()
		}
		if level > 0 && level < 7 {
			heads[level] = strings.TrimSpace(p[level:])
			clear(heads[level+1:])
		}
		if b.Len() == 0 {
			at = path()
		}
		b.WriteString(p + "\n\n")
	}
	if b.Len() > 0 {
		out = append(out, piece{at, b.String()})
	}
	return out
}

func smallRequest(question, source string, p piece) Request {
	return Request{
		Model:  "small",
		JSON:   true,
		Schema: json.RawMessage(workerSchema),
		Messages: []Message{
			{Role: "system", Content: "Do what the instruction says with the material in the next message.\nReply with one JSON object:\n- \"answer\": what the material says, short and exact.\n- \"quote\": the passage, copied word for word.\n- \"abstain\": true if the material holds nothing.\n\nQuestion: " + question + "\n\nInstruction: Find the passage that answers the question, and quote it.\n"},
			{Role: "user", Content: "Source: " + source + "\nSection: " + p.path + "\nText:\n<data-12ab34cd label=\"text\">\n" + p.text + "\n</data-12ab34cd>\n\nNow carry out the instruction."},
		},
	}
}

// readAll runs the small brain over all pieces and returns what it found,
// most confident first.
func readAll(t testing.TB, question, source string, pieces []piece) []read {
	t.Helper()
	var out []read
	for i, p := range pieces {
		rep, err := SmallBrain(context.Background(), smallRequest(question, source, p))
		if err != nil {
			t.Fatal(err)
		}
		var r read
		if err := json.Unmarshal([]byte(rep.Text), &r); err != nil {
			t.Fatalf("%v in %q", err, rep.Text)
		}
		if r.Abstain {
			continue
		}
		if !strings.Contains(p.text, r.Quote) || r.Quote == "" {
			t.Fatalf("quote %q does not stand in the text", r.Quote)
		}
		r.chunk = i
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b read) int { return cmp.Compare(b.Confidence, a.Confidence) })
	return out
}

// mergeAll lets the large brain merge what was read, in the order of the
// text, and returns the answer and the quotes that it refers to, in order.
func mergeAll(t testing.TB, question string, reads []read) (answer string, quotes []string) {
	t.Helper()
	byPlace := slices.Clone(reads)
	slices.SortStableFunc(byPlace, func(a, b read) int { return cmp.Compare(a.chunk, b.chunk) })
	var b strings.Builder
	for i, r := range byPlace {
		fmt.Fprintf(&b, "Finding %d (confidence %.2f):\n", i+1, r.Confidence)
		if foldSpace(r.Answer) != foldSpace(r.Quote) {
			b.WriteString("  " + strings.ReplaceAll(r.Answer, "\n", "\n  ") + "\n")
		}
		fmt.Fprintf(&b, "  [%d] doc#%d: \"%s\"\n", i+1, r.chunk, strings.ReplaceAll(r.Quote, "\n", "\n  "))
	}
	findings := "Findings:\n<data-0c4be7a1 label=\"findings\">\nTask: find it\n" + b.String() + "</data-0c4be7a1>\n"
	if len(reads) == 0 {
		findings = "Findings: none. No helper found anything.\n"
	}
	rep, err := LargeBrain(context.Background(), Request{
		Model: "large", JSON: true, Schema: json.RawMessage(mergeSchema),
		Messages: []Message{
			{Role: "system", Content: "You merge findings into one answer. Put [n] after each statement."},
			{Role: "user", Content: "Question: " + question + "\n\n" + findings + "\nWrite the answer."},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var m struct{ Answer string }
	if err := json.Unmarshal([]byte(rep.Text), &m); err != nil {
		t.Fatalf("%v in %q", err, rep.Text)
	}
	for i := 0; i+1 < len(m.Answer); i++ {
		var n int
		if m.Answer[i] == '[' {
			if _, err := fmt.Sscanf(m.Answer[i:], "[%d]", &n); err == nil && n >= 1 && n <= len(byPlace) {
				quotes = append(quotes, byPlace[n-1].Quote)
			}
		}
	}
	return m.Answer, quotes
}

// hit tells whether one of the first n quotes holds all of the wanted words.
func hit(quotes []string, n int, want ...string) bool {
	for _, q := range quotes[:min(n, len(quotes))] {
		q = foldSpace(q)
		if !slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(q, w) }) {
			return true
		}
	}
	return false
}
