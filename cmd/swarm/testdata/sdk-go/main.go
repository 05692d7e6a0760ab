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

// must ends the program where something is not so.
func must(so bool, what string, got ...any) {
	if !so {
		log.Fatal(append([]any{what, ": got "}, got...)...)
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := openai.NewClient(option.WithBaseURL(os.Args[1]), option.WithAPIKey(os.Args[2]), option.WithMaxRetries(2))
	chat := client.Chat.Completions

	models, err := client.Models.List(ctx)
	must(err == nil && len(models.Data) == 3, "three models", models, err)

	for _, model := range []string{"parrot", "flaky"} { // which meets a fault the first time, which the client gets over
		r, err := chat.New(ctx, ask(model, "one two three"))
		must(err == nil, model, err)
		must(r.Choices[0].Message.Content == "one two three" && r.Choices[0].FinishReason == "stop", model, r.RawJSON())
		must(r.Usage.TotalTokens == r.Usage.PromptTokens+r.Usage.CompletionTokens, "usage", r.RawJSON())
	}

	params := ask("parrot", "one two three")
	params.StreamOptions.IncludeUsage = openai.Bool(true)
	stream := chat.NewStreaming(ctx, params)
	var all openai.ChatCompletionAccumulator
	for stream.Next() {
		all.AddChunk(stream.Current())
	}
	must(stream.Err() == nil && len(all.Choices) == 1, "a stream", stream.Err())
	must(all.Choices[0].Message.Content == "one two three" && all.Usage.CompletionTokens > 0, "a stream", all.Choices, all.Usage)

	params = ask("scripted", "a plan")
	params.ResponseFormat.OfJSONSchema = &openai.ResponseFormatJSONSchemaParam{JSONSchema: openai.ResponseFormatJSONSchemaJSONSchemaParam{
		Name: "plan", Strict: openai.Bool(true), Schema: map[string]any{
			"type": "object", "properties": map[string]any{"ok": map[string]any{"type": "boolean"}}, "required": []string{"ok"}, "additionalProperties": false,
		},
	}}
	r, err := chat.New(ctx, params)
	must(err == nil && r.Choices[0].Message.Content == `{"ok":true}`, "a reply by a schema", r, err)

	// A 429 that says when to come back: waited for, and told in the end.
	began := time.Now()
	_, err = chat.New(ctx, ask("parrot:F02l", "hello"))
	e, ok := errors.AsType[*openai.Error](err)
	must(ok && e.StatusCode == 429, "a 429", err)
	must(time.Since(began) >= 400*time.Millisecond, "two waits of 250 ms, of which the client may take some off", time.Since(began))

	// A connection that breaks in the middle of a stream.
	stream = chat.NewStreaming(ctx, ask("parrot:F18d", "one two three four five"))
	for stream.Next() {
	}
	must(stream.Err() != nil, "an error of half a stream")

	_, err = chat.New(ctx, ask("scripted", "no money"))
	e, ok = errors.AsType[*openai.Error](err)
	must(ok && e.StatusCode == 402 && e.Code == "insufficient_quota", "an error that can be named", err)
}
