// Sdk asks a server by OpenAI's own client for Go, and ends with status 1
// where something is not as it should be. It is a module of its own, so that
// nobody who uses this project inherits the client.
//
//	sdk BASE_URL KEY
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := openai.NewClient(option.WithBaseURL(os.Args[1]), option.WithAPIKey(os.Args[2]), option.WithMaxRetries(2))
	for name, check := range map[string]func(context.Context, openai.Client) error{
		"models": models, "whole": whole, "streamed": streamed, "by schema": bySchema, "waits": waits, "cut": cut, "error": failing,
	} {
		if err := check(ctx, client); err != nil {
			fmt.Printf("%s: %v\n", name, err)
			defer os.Exit(1)
		}
	}
}

func ask(model, text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)}}
}

func models(ctx context.Context, c openai.Client) error {
	page, err := c.Models.List(ctx)
	if err == nil && len(page.Data) != 3 {
		err = fmt.Errorf("%d models", len(page.Data))
	}
	return err
}

// whole asks a model that is well, and one that meets a fault the first time,
// which the client gets over.
func whole(ctx context.Context, c openai.Client) error {
	for _, model := range []string{"parrot", "flaky"} {
		r, err := c.Chat.Completions.New(ctx, ask(model, "one two three"))
		if err != nil {
			return err
		}
		if r.Choices[0].Message.Content != "one two three" || r.Choices[0].FinishReason != "stop" || r.Usage.TotalTokens != r.Usage.PromptTokens+r.Usage.CompletionTokens {
			return fmt.Errorf("got %s", r.RawJSON())
		}
	}
	return nil
}

func streamed(ctx context.Context, c openai.Client) error {
	params := ask("parrot", "one two three")
	params.StreamOptions.IncludeUsage = openai.Bool(true)
	s := c.Chat.Completions.NewStreaming(ctx, params)
	defer s.Close()
	var all openai.ChatCompletionAccumulator
	for s.Next() {
		all.AddChunk(s.Current())
	}
	if err := s.Err(); err != nil || len(all.Choices) != 1 || all.Choices[0].Message.Content != "one two three" || all.Usage.CompletionTokens == 0 {
		return fmt.Errorf("%v: got %+v, %+v", err, all.Choices, all.Usage)
	}
	return nil
}

func bySchema(ctx context.Context, c openai.Client) error {
	params := ask("scripted", "a plan")
	params.ResponseFormat.OfJSONSchema = &openai.ResponseFormatJSONSchemaParam{JSONSchema: openai.ResponseFormatJSONSchemaJSONSchemaParam{
		Name: "plan", Strict: openai.Bool(true), Schema: map[string]any{
			"type": "object", "properties": map[string]any{"ok": map[string]any{"type": "boolean"}}, "required": []string{"ok"}, "additionalProperties": false,
		},
	}}
	r, err := c.Chat.Completions.New(ctx, params)
	if err == nil && r.Choices[0].Message.Content != `{"ok":true}` {
		err = fmt.Errorf("got %s", r.RawJSON())
	}
	return err
}

// waits meets a 429 that says when to come back; every call meets it, so that
// the client gives up in the end, having waited each time.
func waits(ctx context.Context, c openai.Client) error {
	began := time.Now()
	_, err := c.Chat.Completions.New(ctx, ask("parrot:F02l", "hello"))
	if e, ok := errors.AsType[*openai.Error](err); !ok || e.StatusCode != 429 {
		return fmt.Errorf("got %v", err)
	}
	if d := time.Since(began); d < 400*time.Millisecond { // two waits of 250 ms; the client may take some off
		return fmt.Errorf("it came back too soon: %v for three attempts", d)
	}
	return nil
}

// cut meets a connection that breaks in the middle of a stream.
func cut(ctx context.Context, c openai.Client) error {
	s := c.Chat.Completions.NewStreaming(ctx, ask("parrot:F18d", "one two three four five"))
	defer s.Close()
	for s.Next() {
	}
	if s.Err() == nil {
		return errors.New("half a stream was taken for a whole one")
	}
	return nil
}

// failing meets an error that the client must be able to name.
func failing(ctx context.Context, c openai.Client) error {
	_, err := c.Chat.Completions.New(ctx, ask("scripted", "no money"))
	if e, ok := errors.AsType[*openai.Error](err); !ok || e.StatusCode != 402 || e.Code != "insufficient_quota" {
		return fmt.Errorf("got %v", err)
	}
	return nil
}
