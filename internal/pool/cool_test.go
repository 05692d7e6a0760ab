package pool

import (
	"testing"
	"time"
)

func TestLongestWaitThatWasAskedForHolds(t *testing.T) {
	var c cooling
	now := time.Unix(1000, 0)
	c.ask(3, after(10*time.Second), now, 0)
	c.ask(4, after(2*time.Second), now, 0)
	if want := now.Add(10 * time.Second); c.until != want {
		t.Errorf("until %v, want %v", c.until, want)
	}
	c.ask(5, after(20*time.Second), now, 0)
	if want := now.Add(20 * time.Second); c.until != want || c.asked.RetryAfter != 20*time.Second {
		t.Errorf("until %v, want %v", c.until, want)
	}
	if c.over(now.Add(19*time.Second)) || !c.over(now.Add(20*time.Second)) || c.over(now.Add(21*time.Second)) {
		t.Error("the end of a wait is not told once")
	}
}

func TestWaitEndsWhenALaterCallIsServed(t *testing.T) {
	var c cooling
	now := time.Unix(1000, 0)
	c.ask(7, after(3*time.Second), now, time.Second)
	if c.serve(6, now); c.until != now.Add(4*time.Second) {
		t.Fatal("a call sent before the refused one says nothing")
	}
	if c.serve(8, now); now.Before(c.until) || c.over(now.Add(time.Hour)) {
		t.Fatal("a call sent after the refused one was served, and all still wait")
	}
}

func TestLongWaitIsKeptByAll(t *testing.T) {
	var c cooling
	now := time.Unix(1000, 0)
	c.ask(7, after(time.Minute), now, 0)
	if c.serve(8, now); c.until != now.Add(time.Minute) {
		t.Error("a later call that was served ended a wait of a minute")
	}
}
