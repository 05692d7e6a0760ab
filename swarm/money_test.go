package swarm_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/db31e724/go-swarm/swarm"
)

func TestCostRoundsUpOnce(t *testing.T) {
	for _, c := range []struct {
		price swarm.Price
		used  swarm.Usage
		want  swarm.Money
	}{
		{swarm.Price{In: swarm.Dollar}, swarm.Usage{In: 1_000_000}, swarm.Dollar},
		{swarm.Price{In: 1, Cached: 1, Out: 1}, swarm.Usage{In: 2, Cached: 1, Out: 1}, 1}, // three parts, one rounding
		{swarm.Price{In: 1}, swarm.Usage{In: 1_000_001}, 2},
		{swarm.Price{In: 10, Cached: 1}, swarm.Usage{In: 1_000_000, Cached: 5_000_000}, 1}, // cached at most the prompt
		{swarm.Price{In: 8, Cached: 1, Written: 10}, swarm.Usage{In: 4_000_000, Cached: 1_000_000, Written: 2_000_000}, 1 + 20 + 8},
		{swarm.Price{In: 8, Cached: 1}, swarm.Usage{In: 4_000_000, Cached: 1_000_000, Written: 2_000_000}, 1 + 24},              // no price of its own
		{swarm.Price{In: 8, Cached: 1, Written: 10}, swarm.Usage{In: 4_000_000, Cached: 1_000_000, Written: 9_000_000}, 1 + 30}, // at most the rest
		{swarm.Price{In: 10, Out: 10}, swarm.Usage{In: -5, Cached: -5, Out: -5}, 0},
		{swarm.Price{In: -10}, swarm.Usage{In: 1_000_000}, 0},
		{swarm.Price{}, swarm.Usage{In: 1 << 40, Out: 1 << 40}, 0},
		{swarm.Price{In: math.MaxInt64}, swarm.Usage{In: math.MaxInt64}, math.MaxInt64},
		{swarm.Price{In: math.MaxInt64}, swarm.Usage{In: 1_000_000}, math.MaxInt64},
		{swarm.Price{In: math.MaxInt64, Out: math.MaxInt64}, swarm.Usage{In: 1_000_000, Out: 1}, math.MaxInt64},
	} {
		if got := c.price.Cost(c.used); got != c.want {
			t.Errorf("%+v of %+v: %d, want %d", c.price, c.used, got, c.want)
		}
	}
}

func TestCostIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.Int64Range(0, 1000), rapid.Int64Range(0, 1<<40), rapid.Int64Range(0, math.MaxInt64))
		p := swarm.Price{In: swarm.Money(n.Draw(t, "in price")), Cached: swarm.Money(n.Draw(t, "cached price")), Written: swarm.Money(n.Draw(t, "written price")), Out: swarm.Money(n.Draw(t, "out price"))}
		u := swarm.Usage{In: int(n.Draw(t, "in")), Cached: int(n.Draw(t, "cached")), Written: int(n.Draw(t, "written")), Out: int(n.Draw(t, "out"))}
		sum := new(big.Int)
		cached := min(u.Cached, u.In)
		written := min(u.Written, u.In-cached)
		for _, x := range [][2]int64{{int64(u.In - cached - written), int64(p.In)}, {int64(cached), int64(p.Cached)}, {int64(written), int64(cmp.Or(p.Written, p.In))}, {int64(u.Out), int64(p.Out)}} {
			sum.Add(sum, new(big.Int).Mul(big.NewInt(x[0]), big.NewInt(x[1])))
		}
		want, rest := new(big.Int).DivMod(sum, big.NewInt(1_000_000), new(big.Int))
		if rest.Sign() > 0 {
			want.Add(want, big.NewInt(1))
		}
		if !want.IsInt64() {
			want.SetInt64(math.MaxInt64)
		}
		if got := p.Cost(u); int64(got) != want.Int64() {
			t.Fatalf("%d, want %s", got, want)
		}
	})
}

func TestSumsOfMoneyStayAtTheLargestValue(t *testing.T) {
	u := swarm.Usage{Calls: 1, In: 2, Cached: 1, Out: 3, Cost: math.MaxInt64 - 1, AtLeast: true}
	v := swarm.Usage{Calls: 1, In: 2, Cached: 1, Out: 3, Cost: 5, Unpriced: true}
	want := swarm.Usage{Calls: 2, In: 4, Cached: 2, Out: 6, Cost: math.MaxInt64, AtLeast: true, Unpriced: true}
	if got := u.Plus(v); got != want || v.Plus(u) != want || got.Tokens() != 10 {
		t.Errorf("%+v", got)
	}
}

func TestMoneyAsText(t *testing.T) {
	for m, want := range map[swarm.Money]string{
		0: "$0.00", 12_500_000_000: "$12.50", 4_200_000: "$0.0042", 420_000: "$0.00042", 1234: "$0.00000123", 1: "$0.000000001",
	} {
		if m.String() != want {
			t.Errorf("%d: %s, want %s", m, m, want)
		}
	}
	if swarm.Dollar.Dollars() != 1 {
		t.Error("a dollar is a dollar")
	}
}

func TestCallErrorsSayWhatHappenedAndWhatCanBeDone(t *testing.T) {
	e := &swarm.CallError{Class: swarm.ClassRateLimited, Status: 429, Model: "m", Backend: "b", Attempts: 3, Err: errBroken, RetryAfter: time.Second}
	if want := "call to m at b: rate-limited (status 429): broken (after 3 attempts)"; e.Error() != want {
		t.Errorf("%s", e)
	}
	if plain := (&swarm.CallError{Class: swarm.ClassBroken}).Error(); plain != "call: broken" {
		t.Error(plain)
	}
	if !errors.Is(fmt.Errorf("x: %w", e), errBroken) {
		t.Error("not wrapped")
	}
	for class, want := range map[swarm.Class]bool{
		swarm.ClassRateLimited: true, swarm.ClassOverloaded: true, swarm.ClassServer: true, swarm.ClassNetwork: true, swarm.ClassTimeout: true, swarm.ClassBroken: true,
		swarm.ClassQuota: false, swarm.ClassAuth: false, swarm.ClassNotFound: false, swarm.ClassInvalid: false, swarm.ClassTooLong: false,
		swarm.ClassCut: false, swarm.ClassRefused: false, swarm.ClassFiltered: false, swarm.ClassCancelled: false,
	} {
		if got := (&swarm.CallError{Class: class}).Retryable(); got != want {
			t.Errorf("%s: %v", class, got)
		}
	}
}
