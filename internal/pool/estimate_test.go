package pool

import (
	"math/rand/v2"
	"testing"
)

func TestWhatIsNotToldIsBookedAtNoMoreThanIsCounted(t *testing.T) {
	for told, want := range map[int]int{0: 100, 500: 50, 1000: 100, 2000: 100} {
		var e estimate
		e.learn(1000, told)
		if got := e.least(100); got != want {
			t.Errorf("%d of 1000: %d of 100, want %d", told, got, want)
		}
	}
}

func TestEstimateLearnsABackendsTokenizer(t *testing.T) {
	for _, ratio := range []float64{.5, 1, 1.3, 3} {
		var e estimate
		r := rand.New(rand.NewPCG(1, 2))
		for range 40 {
			est := 100 + r.IntN(3000)
			if cut, window := e.learn(est, int(float64(est)*ratio*(.9+r.Float64()/5))); cut || window > 0 {
				t.Fatalf("ratio %v: a cut was seen where none was", ratio)
			}
		}
		got, want := float64(e.tokens(1000)), 1000*max(ratio, 1)
		if got < want*.98 || got > want*1.12 {
			t.Errorf("ratio %v: 1000 estimated tokens are taken for %v", ratio, got)
		}
		if up := float64(e.upper(1000)); up < 1000*ratio*1.1 {
			t.Errorf("ratio %v: at most %v tokens of 1000 estimated ones", ratio, up)
		}
	}
}

func TestEstimateLearnsFasterUpThanDown(t *testing.T) {
	var e estimate
	e.learn(1000, 1000)
	e.learn(1000, 3000)
	if e.ratio < 1.5 {
		t.Errorf("ratio %v after one prompt of three times the tokens", e.ratio)
	}
	high := e.ratio
	e.learn(1000, 500) // much of it came from the server's cache
	if e.ratio < .9*high {
		t.Errorf("ratio fell from %v to %v by one prompt", high, e.ratio)
	}
}

func TestSilentCutsAreFoundOut(t *testing.T) {
	const window = 2048
	for _, ratio := range []float64{1, 1.3, 3} {
		var e estimate
		r := rand.New(rand.NewPCG(3, 4))
		told, late := 0, 0
		for i := range 200 {
			true_ := 300 + r.IntN(7000)
			est := int(float64(true_) / ratio)
			cut, found := e.learn(est, min(true_, window))
			if found > 0 {
				told++
			}
			if cut && true_ <= window {
				t.Errorf("ratio %v: a prompt of %d tokens was taken for cut", ratio, true_)
			}
			if !cut && true_ > window*5/4 {
				late = i
			}
		}
		if told != 1 || e.window != window {
			t.Errorf("ratio %v: told %d times, window %d", ratio, told, e.window)
		}
		if late > 40 {
			t.Errorf("ratio %v: the cut of prompt %d was not seen", ratio, late)
		}
	}
}

// Prompts of one template differ by a token or two, and so do their figures.
func TestPromptsOfOneTemplateAreNoCut(t *testing.T) {
	var e estimate
	for i := range 100 {
		if cut, window := e.learn(1200+i%3, 1203); cut || window > 0 {
			t.Fatalf("call %d: cut %v, window %d", i, cut, window)
		}
	}
}

func TestAWiderWindowIsBelieved(t *testing.T) {
	var e estimate
	for i := range 10 {
		e.learn(3000+500*i, 2048)
	}
	if e.window != 2048 {
		t.Fatalf("window %d", e.window)
	}
	if e.learn(8000, 8000); e.window != 0 {
		t.Errorf("window %d after a prompt of 8000 tokens was read", e.window)
	}
}
