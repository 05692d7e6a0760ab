package model

import (
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

// PricesAsOf is the date of the price table. Prices change: give a backend its
// own where money matters.
const PricesAsOf = "2026-09-23"

// PriceOf returns the list price of a model by its exact name, with or without
// the provider before it ("gpt-5.4-mini", "openai/gpt-5.4-mini"), or nil where
// the table does not hold it. Open models are listed only with the provider
// that charges so, since anybody may serve them.
//
// The prices are those of the npm package @pydantic/genai-prices 0.1.8 at
// PricesAsOf, for short prompts at standard service: surcharges for long prompts
// or for the hour of the day and rebates for batches are not in them. Where a
// provider names no price for cached tokens they count as others.
func PriceOf(model string) *swarm.Price {
	provider, name, prefixed := strings.Cut(model, "/")
	if !prefixed {
		provider, name = "", model
	}
	for i := range prices {
		p := &prices[i]
		if p.model == name && (p.provider == provider || provider == "" && !p.open) {
			price := swarm.Price{In: dollars(p.in), Cached: dollars(p.cached), Written: dollars(p.written), Out: dollars(p.out)}
			return &price
		}
	}
	return nil
}

// prices are in dollars per million tokens.
var prices = []struct {
	provider, model string
	in, cached, out float64
	written         float64 // 0: as in
	open            bool    // weights that others serve at other prices
}{
	{provider: "openai", model: "gpt-5.6-sol", in: 4, cached: .40, written: 5, out: 20}, // from 2026-08-21
	{provider: "openai", model: "gpt-5.6-terra", in: 2, cached: .20, written: 2.50, out: 12},
	{provider: "openai", model: "gpt-5.6-luna", in: .20, cached: .02, written: .25, out: 1.20}, // from 2026-07-30
	{provider: "openai", model: "gpt-5.5", in: 5, cached: .50, out: 30},
	{provider: "openai", model: "gpt-5.4-mini", in: .75, cached: .075, out: 4.50},
	{provider: "openai", model: "gpt-5.4-nano", in: .20, cached: .02, out: 1.25},

	{provider: "anthropic", model: "claude-opus-5-5", in: 4, cached: .20, out: 20},
	{provider: "anthropic", model: "claude-opus-5", in: 5, cached: .50, out: 25},
	{provider: "anthropic", model: "claude-sonnet-5", in: 2, cached: .20, out: 10},
	{provider: "anthropic", model: "claude-haiku-4-5", in: 1, cached: .10, out: 5},

	{provider: "google", model: "gemini-3.1-pro-preview", in: 2, cached: .20, out: 12},
	{provider: "google", model: "gemini-3.8-flash", in: .75, cached: .075, out: 3.75}, // doubles on 2027-01-01
	{provider: "google", model: "gemini-3.5-flash-lite", in: .30, cached: .03, out: 2.50},
	{provider: "google", model: "gemini-3.1-flash-lite", in: .25, cached: .025, out: 1.50},

	{provider: "deepseek", model: "deepseek-v4-pro", in: .66, cached: .022, out: 1.98}, // from 2026-08-17
	{provider: "deepseek", model: "deepseek-v4-flash", in: .22, cached: .007, out: .66},
	{provider: "qwen", model: "qwen3.7-max", in: 1.25, cached: .25, out: 3.75},
	{provider: "moonshotai", model: "kimi-k3", in: 3, cached: .30, out: 15},

	{provider: "qwen", model: "qwen3-8b", in: .035, cached: .035, out: .138, open: true}, // at OpenRouter
	{provider: "qwen", model: "qwen3.5-9b", in: .10, cached: .10, out: .15, open: true},  // at OpenRouter
	{provider: "groq", model: "llama-3.1-8b", in: .05, cached: .05, out: .08, open: true},
	{provider: "groq", model: "gpt-oss-20b", in: .075, cached: .0375, out: .30, open: true},
}

// dollars turns a listed price into Money; listed prices have few digits, so
// rounding to a nano-dollar loses nothing.
func dollars(d float64) swarm.Money { return swarm.Money(d*float64(swarm.Dollar) + 0.5) }
