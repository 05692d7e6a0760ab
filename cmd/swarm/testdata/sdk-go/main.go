// Sdk asks a server by OpenAI's own client for Go, and ends with status 1
// where something is not as it should be. It is a module of its own, so that
// nobody who uses this project inherits the client.
//
//	sdk BASE_URL KEY
package main

import (
	"context"
	"errors"
	"log"
	"os"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

func ask(model, text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)}}
}

func check(ok bool, what string, got ...any) {
	if !ok {
		log.Fatalf("%s: %+v", what, got)
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := openai.NewClient(option.WithBaseURL(os.Args[1]), option.WithAPIKey(os.Args[2]), option.WithMaxRetries(2))
	chat := client.Chat.Completions

	page, err := client.Models.List(ctx)
	check(err == nil && len(page.Data) == 3, "models", page, err)

	for _, model := range []string{"parrot", "flaky"} { // flaky fails the first time, which the client gets over
		r, err := chat.New(ctx, ask(model, "one two three"))
		check(err == nil && r.Choices[0].Message.Content == "one two three" && r.Choices[0].FinishReason == "stop", model, r, err)
		check(r.Usage.TotalTokens == r.Usage.PromptTokens+r.Usage.CompletionTokens, "usage", r.Usage)
	}

	params := ask("parrot", "one two three")
	params.StreamOptions.IncludeUsage = openai.Bool(true)
	s := chat.NewStreaming(ctx, params)
	var all openai.ChatCompletionAccumulator
	for s.Next() {
		all.AddChunk(s.Current())
	}
	check(s.Err() == nil && len(all.Choices) == 1 && all.Choices[0].Message.Content == "one two three" && all.Usage.CompletionTokens > 0, "stream", all, s.Err())

	params = ask("scripted", "a plan")
	params.ResponseFormat.OfJSONSchema = &openai.ResponseFormatJSONSchemaParam{JSONSchema: openai.ResponseFormatJSONSchemaJSONSchemaParam{
		Name: "plan", Strict: openai.Bool(true), Schema: map[string]any{
			"type": "object", "properties": map[string]any{"ok": map[string]any{"type": "boolean"}}, "required": []string{"ok"}, "additionalProperties": false,
		},
	}}
	r, err := chat.New(ctx, params)
	check(err == nil && r.Choices[0].Message.Content == `{"ok":true}`, "schema", r, err)

	// A 429 that says when to come back; every call meets it, so that the client
	// gives up in the end, having waited 250 ms twice, of which it may take some off.
	began := time.Now()
	_, err = chat.New(ctx, ask("parrot:F02l", "hello"))
	e, ok := errors.AsType[*openai.Error](err)
	check(ok && e.StatusCode == 429, "status of a limit", err)
	check(time.Since(began) >= 400*time.Millisecond, "it came back too soon", time.Since(began))

	// A connection that breaks in the middle of a stream.
	s = chat.NewStreaming(ctx, ask("parrot:F18d", "one two three four five"))
	for s.Next() {
	}
	check(s.Err() != nil, "half a stream was taken for a whole one")

	_, err = chat.New(ctx, ask("scripted", "no money"))
	e, ok = errors.AsType[*openai.Error](err)
	check(ok && e.StatusCode == 402 && e.Code == "insufficient_quota", "an error's status and code", err)
}
