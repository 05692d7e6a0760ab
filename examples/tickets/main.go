// Tickets labels thousands of support tickets with a small model, twenty and more
// in a call, and writes a row of CSV for each as it comes.
//
//	go run ./examples/tickets -n 10000 -budget 10 >tickets.csv
//
// The model is a mock in this process, and the tickets are made up, one by one.
package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/journal"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/swarm/typed"
	"github.com/db31e724/go-swarm/workers"
)

// Ticket is what customers write.
type Ticket struct {
	ID   int    `json:"id"`
	Text string `json:"text"`
}

// Label is what the model says of a ticket.
type Label struct {
	Topic  string `json:"topic" enum:"billing,fault,delivery,other" jsonschema:"what the ticket is about"`
	Urgent bool   `json:"urgent" jsonschema:"the customer cannot go on without help"`
	Order  *int   `json:"order" jsonschema:"the number of the order, null where none is named"`
}

func main() {
	n := flag.Int("n", 10_000, "how many tickets")
	budget := flag.Float64("budget", 10, "most `dollars`")
	kept := flag.String("journal", "", "keep what the model says in this `file`: after a kill, the same line again pays for the rest alone")
	flag.Parse()
	if err := run(context.Background(), *n, *budget, *kept, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "tickets:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n int, budget float64, kept string, out, say io.Writer) error {
	server := mock.NewServer(mock.Config{Keep: 1, Models: []mock.Model{{ID: "small", Brain: reader, Price: &mock.Price{In: 0.2, Out: 1.2}}}})
	defer server.Close()
	small := model.Backend{BaseURL: server.URL(), Model: "small", Slots: 16, Price: &swarm.Price{In: swarm.Dollar / 5, Out: 6 * swarm.Dollar / 5}} // per million tokens
	pool, err := workers.NewPool(workers.Config{Backends: []model.Backend{small}})
	if err != nil {
		return err
	}
	defer pool.Close()
	failed, report := 0, swarm.Report{}
	options := []typed.Option{
		typed.InOrder(), typed.WithConcurrency(pool.Slots()), typed.WithChecks(orderIsNamed), typed.WithReport(&report),
		typed.WithBudget(swarm.Budget{Cost: swarm.Money(budget * float64(swarm.Dollar))}),
	}
	if kept != "" {
		j, err := journal.Open(kept)
		if err != nil {
			return err
		}
		defer j.Close()
		options = append(options, typed.WithJournal(j))
	}
	rows := csv.NewWriter(out)
	defer rows.Flush()
	rows.Write([]string{"id", "topic", "urgent", "order", "error"}) // an error stays, and is rows.Error's
	for r, err := range typed.Map[Ticket, Label](ctx, pool, tickets(n), "Label the support ticket.", options...) {
		row := []string{fmt.Sprint(r.In.ID), r.Out.Topic, fmt.Sprint(r.Out.Urgent), "", strings.Join(r.Doubts, "; ")}
		switch {
		case err != nil: // it says how many that were read have no row
			return fmt.Errorf("ended early, after %s: %w", report.Usage.Cost, err)
		case r.Err != nil:
			row = []string{fmt.Sprint(r.In.ID), "", "", "", r.Err.Error()}
			failed++
		case r.Out.Order != nil:
			row[3] = fmt.Sprint(*r.Out.Order)
		}
		if rows.Write(row) != nil {
			return rows.Error()
		}
	}
	rows.Flush()
	fmt.Fprintf(say, "%d tickets, %d without a label, in %d calls of %d tokens, %s\n", n, failed, report.Usage.Calls, report.Usage.Tokens(), report.Usage.Cost)
	return rows.Error()
}

// orderIsNamed is a check: a model may make up a number, and a program can tell.
func orderIsNamed(t Ticket, l Label) string {
	if l.Order != nil && !strings.Contains(t.Text, fmt.Sprint(*l.Order)) {
		return fmt.Sprintf("order %d stands nowhere in the ticket", *l.Order)
	}
	return ""
}

var texts = []string{
	"I was billed twice for order #, please pay one of the two back.",
	"Since this morning the display shows nothing but lines. We cannot work at all, please help at once!",
	"Where is order #? The parcel was to come on Monday.", "Do you have a shop in Graz, and is it open on Saturdays?",
}

// tickets makes tickets up, as they are asked for.
func tickets(n int) iter.Seq[Ticket] {
	return func(yield func(Ticket) bool) {
		dice := rand.New(rand.NewPCG(1, 2))
		for i := range n {
			if text := texts[dice.IntN(len(texts))]; !yield(Ticket{i + 1, strings.ReplaceAll(text, "#", strconv.Itoa(10_000+dice.IntN(90_000)))}) {
				return
			}
		}
	}
}

var (
	line          = regexp.MustCompile(`(?m)^(?:(\d+): )?(\{"id".*\})$`)
	number, words = regexp.MustCompile(`\d{5}`), regexp.MustCompile(`billed|display|parcel`)
	topics        = map[string]string{"": "other", "billed": "billing", "display": "fault", "parcel": "delivery"}
)

// reader plays the small model: it labels each ticket of a prompt by its words.
func reader(_ context.Context, r mock.Request) (mock.Reply, error) {
	findings := []any{}
	for _, m := range line.FindAllStringSubmatch(r.Messages[len(r.Messages)-1].Content, -1) {
		var t Ticket
		_ = json.Unmarshal([]byte(m[2]), &t) // Map has written it
		label := Label{Topic: topics[words.FindString(t.Text)], Urgent: strings.Contains(t.Text, "at once")}
		if n, err := strconv.Atoi(number.FindString(t.Text)); err == nil {
			label.Order = &n
		}
		var data any = label
		if m[1] != "" { // one of several
			data = map[string]any{"item": json.Number(m[1]), "value": label}
		}
		findings = append(findings, map[string]any{"data": data, "confidence": 0.9})
	}
	text, err := json.Marshal(map[string]any{"findings": findings})
	return mock.Reply{Text: string(text)}, err
}
