package model

import (
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

func TestPriceOfGoesByTheExactName(t *testing.T) {
	for name, in := range map[string]swarm.Money{
		"gpt-5.4-mini": 750_000_000, "openai/gpt-5.4-mini": 750_000_000, "claude-haiku-4-5": swarm.Dollar,
		"qwen/qwen3-8b": 35_000_000, "gpt-5.6-luna": 200_000_000,
	} {
		if p := PriceOf(name); p == nil || p.In != in || p.Out <= p.In || p.Cached > p.In || p.Cached <= 0 {
			t.Errorf("%s: %+v, want %v in", name, p, in)
		}
	}
	for _, name := range []string{"", "gpt-5.4", "qwen3-8b", "gpt-5.4-mini-2026-01-01", "azure/gpt-5.4-mini", "GPT-5.4-mini"} {
		if p := PriceOf(name); p != nil {
			t.Errorf("%s: %+v, want unknown", name, p)
		}
	}
	PriceOf("gpt-5.5").In = 0
	if PriceOf("gpt-5.5").In == 0 {
		t.Error("a caller can change the table")
	}
}
