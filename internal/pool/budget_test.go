package pool

import (
	"testing"
	"time"
)

func TestRetryBudgetIsAShareOfSuccesses(t *testing.T) {
	for _, share := range []float64{.1, .2, .5} {
		now := time.Unix(1_800_000_000, 0)
		b := newRetryBudget(share)
		spent := 0
		take := func() {
			for b.next(now).IsZero() {
				b.add(-1)
				spent++
			}
		}
		take()
		if spent != retryFloor {
			t.Errorf("%v: %d retries before a success, want %v", share, spent, retryFloor)
		}
		for range 1000 {
			b.earn(false)
			take()
		}
		if want := int(retryFloor + share*1000); spent < want-1 || spent > want {
			t.Errorf("%v: %d retries after 1000 successes, want %d", share, spent, want)
		}
	}
}

func TestRetryBudgetBanksLittle(t *testing.T) {
	b := newRetryBudget(.2)
	for range 100_000 {
		b.earn(false)
	}
	n := 0
	for now := time.Unix(0, 0); b.next(now).IsZero(); n++ {
		b.add(-1)
	}
	if n != retryBank {
		t.Errorf("%d retries at once after good hours, want %v", n, retryBank)
	}
}

func TestRetryBudgetComesBackWithTime(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	b := newRetryBudget(.2)
	for b.next(now).IsZero() {
		b.add(-1)
	}
	for range 30 {
		next := b.next(now)
		if d := next.Sub(now); d <= 0 || d > time.Second+time.Millisecond {
			t.Fatalf("the next retry may come in %v, want a second", d)
		}
		if now = next; !b.next(now).IsZero() {
			t.Fatal("the time that it names is too early")
		}
		b.add(-1)
	}
	n := 0
	for now = now.Add(time.Hour); b.next(now).IsZero(); n++ {
		b.add(-1)
	}
	if n != retryFloor {
		t.Errorf("%d retries after an hour, want the floor", n)
	}
}

// A backlog of retries that mostly succeed is worked off at a growing pace; of
// those that mostly fail only the floor is left.
func TestRetryBudgetPaysMoreWhileNobodyElseWaits(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, c := range []struct {
		every int // one in so many fails
		least int
		most  int
	}{{4, 1000, 1000}, {1, int(retryFloor), int(retryFloor)}} {
		b := newRetryBudget(.2)
		n := 0
		for ; n < 1000 && b.next(now).IsZero(); n++ {
			b.add(-1)
			if (n+1)%c.every != 0 {
				b.earn(true)
			}
		}
		if n < c.least || n > c.most {
			t.Errorf("every %dth fails: %d retries, want %d to %d", c.every, n, c.least, c.most)
		}
	}
}

func TestRetryBudgetCanBeOff(t *testing.T) {
	b := newRetryBudget(-1)
	for range 1000 {
		if !b.next(time.Unix(0, 0)).IsZero() {
			t.Fatal("a budget that is off refuses")
		}
		b.add(-1)
		b.earn(false)
	}
}
