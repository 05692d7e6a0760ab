// Research answers a question from an archive that is too large to be read: the
// workers' models search it with tools. Three steps build on each other: topics,
// facts on each topic, and sections, which stand in the answer as they were written.
// The models are a mock's that play a script; put a server of your own in their place.
//
//	go run ./examples/research
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

type page struct{ title, text string }

var archive = []page{
	{"Railway", "The railway reached Port Ellery in 1894. It ran from the quay to the market at Holm."},
	{"Fish trade", "Before the railway fish was salted. From 1895 on it left fresh by the night train, and the catch doubled in ten years."},
	{"Salt works", "The salt works closed in 1899, since nobody salted fish for the railway."},
	{"Terrace Road", "The railway company built forty houses in Terrace Road for its men in 1896."},
	{"Lighthouse", "The lighthouse was lit in 1851."},
}

var tools = []swarm.Tool{
	workers.Tool("search", "returns the titles of the archive's pages on which words stand, a line each", func(_ context.Context, in struct{ Words string }) (string, error) {
		var titles string
		for _, p := range archive {
			if strings.Contains(strings.ToLower(p.title+" "+p.text), strings.ToLower(in.Words)) {
				titles += p.title + "\n"
			}
		}
		return titles, nil
	}),
	workers.Tool("read", "returns the page of the archive with a title", func(_ context.Context, in struct{ Title string }) (string, error) {
		i := slices.IndexFunc(archive, func(p page) bool { return p.title == in.Title })
		if i < 0 {
			return "", fmt.Errorf("there is no page %q", in.Title)
		}
		return archive[i].text, nil
	}),
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	server := mock.NewServer(mock.Config{Models: []mock.Model{{ID: "large", Brain: mock.Script(mock.Reply{Text: plan}, mock.Reply{Text: intro})}, {ID: "small", Brain: small}}})
	defer server.Close()
	large, err := planner.New(planner.Config{Backends: []model.Backend{{BaseURL: server.URL(), Model: "large"}}})
	if err != nil {
		return err
	}
	defer large.Close()
	pool, err := workers.NewPool(workers.Config{Backends: []model.Backend{{BaseURL: server.URL(), Model: "small"}}, Tools: tools})
	if err != nil {
		return err
	}
	defer pool.Close()
	s := swarm.Swarm{Planner: large, Worker: workers.Check(pool, workers.Quotes), Tools: tools}
	answer, err := s.Run(ctx, swarm.Task{Goal: "How did the railway change Port Ellery?"})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, answer.Text)
	for i, c := range answer.Citations {
		fmt.Fprintf(out, "[%d] %s %s, verified: %t\n    %q\n", i+1, c.Chunk, c.Path, c.Verified, c.Quote)
	}
	_, err = fmt.Fprintf(out, "%d calls of models, and of tools %v\n", answer.Report.Usage.Calls, answer.Report.Tools)
	return err
}

// plan and intro are what the large model says.
const (
	plan = `{"steps":[
{"id":"topics","over":"once","do":"Search for the railway, and list the topics that the pages' titles name.","lookup":0,"select":[],"needs":[],"output":"list","fields":[],"note":"","tools":["search"]},
{"id":"facts","over":"list","of":"topics","do":"Search for the topic, read the pages, and say what the railway changed.","lookup":0,"select":[],"needs":[],"goal":"","output":"findings","fields":[],"note":"","tools":["search","read"]},
{"id":"sections","over":"items","items":["Trade","Town"],"do":"Write the section with this title about what the railway changed.","lookup":0,"select":[],"needs":["facts"],"context":[],"goal":"","output":"text","fields":[],"note":"","tools":[]}]}`
	intro = `{"work":"","answer":"The railway changed what Port Ellery sold, and where people lived.","status":"answered","missing":""}`
)

// small plays a small model: it searches, reads what was found, and quotes it.
func small(_ context.Context, r mock.Request) (mock.Reply, error) {
	last, topic := r.Messages[len(r.Messages)-1], "railway"
	if strings.Contains(last.Content, "Item:\n") {
		topic = fenced(last)[0]
	}
	switch {
	case len(r.Tools) == 0:
		return say("text", section(last)), nil
	case last.Role != "tool":
		return mock.Reply{ToolCalls: []mock.ToolCall{{Name: "search", Arguments: fmt.Sprintf(`{"Words":%q}`, topic)}}}, nil
	case len(r.Tools) == 1:
		return say("items", fenced(last)[1:]), nil // without the railway itself
	case strings.HasPrefix(last.Content, "tool:search"):
		var pages mock.Reply
		for _, t := range fenced(last) {
			pages.ToolCalls = append(pages.ToolCalls, mock.ToolCall{Name: "read", Arguments: fmt.Sprintf(`{"Title":%q}`, t)})
		}
		return pages, nil
	}
	return say("findings", []any{map[string]any{"answer": fenced(last)[0], "quote": fenced(last)[0], "confidence": 0.9}}), nil
}

// section quotes the findings that have to do with its title, each with its number.
func section(m mock.Message) string {
	said, about := "", "fish"
	if strings.Contains(m.Content, "\nTown\n") {
		about = "houses"
	}
	for _, line := range fenced(m) {
		if number, quote, ok := strings.Cut(strings.TrimSpace(line), " tool:"); ok && strings.Contains(quote, about) {
			said += " " + strings.Split(quote, `"`)[5] + " " + number
		}
	}
	return said
}

func say(key string, value any) mock.Reply {
	text, _ := json.Marshal(map[string]any{key: value}) // of texts and numbers
	return mock.Reply{Text: string(text)}
}

// fenced returns the lines of the first fenced text of a message.
func fenced(m mock.Message) []string {
	_, inside, _ := strings.Cut(m.Content, "\">\n")
	return strings.Split(strings.Split(inside, "\n</data-")[0], "\n")
}
