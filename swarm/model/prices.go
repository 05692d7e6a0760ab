package model

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/db31e724/go-swarm/swarm"
)

// PricesAsOf is the date of the price table. Prices change: set Backend.Price if
// money matters.
const PricesAsOf = "2026-09-23"

// PriceOf returns the list price of a model by its exact name, with or without the
// provider ("gpt-5.4-mini", "openai/gpt-5.4-mini"), or nil if the table does not
// hold it. Open models, which anybody may serve, are listed only with a provider.
//
// The prices are those of the npm package @pydantic/genai-prices 0.1.8 at
// PricesAsOf, for short prompts at standard service: they leave out surcharges for
// long prompts or for the hour of the day, and rebates for batches. If a provider
// names no price for cached tokens, these cost as much as others.
func PriceOf(model string) *swarm.Price {
	provider, name, prefixed := strings.Cut(model, "/")
	if !prefixed {
		provider, name = "", model
	}
	for _, p := range prices() {
		if p.Model == name && (p.Provider == provider || provider == "" && !p.Open) {
			return &swarm.Price{In: dollars(p.In), Cached: dollars(p.Cached), Written: dollars(p.Written), Out: dollars(p.Out)}
		}
	}
	return nil
}

// price is a row of prices.json, in dollars per million tokens.
type price struct {
	Provider, Model          string
	In, Cached, Written, Out float64 // Written 0: as In
	Open                     bool    // weights that others serve at other prices
}

//go:embed prices.json
var priceTable []byte

var prices = sync.OnceValue(func() []price { return table[price](priceTable) })

// dollars turns a listed price into Money; listed prices have few digits, so
// rounding to a nano-dollar loses nothing.
func dollars(d float64) swarm.Money { return swarm.Money(d*float64(swarm.Dollar) + 0.5) }
