package pool

import (
	"math/rand/v2"
	"testing"
)

func TestEstimateLearnsABackendsTokenizer(t *testing.T) {
	for _, ratio := range []float64{.5, 1, 1.3, 3} {
		var e estimate
		r := rand.New(rand.NewPCG(1, 2))
		for range 40 {
			est := 100 + r.IntN(3000)
			if cut, _, found := e.learn(est, int(float64(est)*ratio*(.9+r.Float64()/5))); cut || found {
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
			cut, _, found := e.learn(est, min(true_, window))
			if found {
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

func TestNoCutIsSeenInMadeUpFigures(t *testing.T) {
	for name, told := range map[string]func(est int) int{
		"always the same": func(int) int { return 5000 },
		"none":            func(int) int { return 0 },
		"the same prompt": func(int) int { return 777 },
	} {
		var e estimate
		for i := range 100 {
			est := 60 + 37*i
			if name == "the same prompt" {
				est = 700
			}
			if cut, _, found := e.learn(est, told(est)); cut || found {
				t.Errorf("%s: cut %v, found %v at %d", name, cut, found, i)
				break
			}
		}
	}
}

// Chunks are cut to one size by estimate, and what a server tells of them lies
// close together: some of it is equal by chance, some of it a round number.
func TestHonestFiguresAreHardlyDoubted(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, size := range []int{1000, 1130, 2000, 2300, 4000, 8000} {
		doubts, calls := 0, 0
		for range 200 { // servers
			var e estimate
			ratio := .7 + r.Float64()
			for range 100 {
				est := size - size*r.IntN(8)/100
				_, doubt, found := e.learn(est, int(float64(est)*ratio*(1+.05*r.NormFloat64())))
				if found {
					t.Fatalf("size %d: a window was found where none was", size)
				}
				calls++
				if doubt {
					doubts++
				}
			}
		}
		t.Logf("size %d: %d of %d replies doubted", size, doubts, calls)
		if doubts*1000 > calls {
			t.Errorf("size %d: %d of %d replies of a server that cuts nothing are doubted, want one in 1000 at most", size, doubts, calls)
		}
	}
}

// Prompts of one template differ by a token or two, and so do their figures.
func TestPromptsOfOneTemplateAreNoCut(t *testing.T) {
	var e estimate
	for i := range 100 {
		if cut, doubt, found := e.learn(1200+i%3, 1203); cut || doubt || found {
			t.Fatalf("call %d: cut %v, doubted %v, found %v", i, cut, doubt, found)
		}
	}
}

func TestChunksOfOneSizeShowAnOddWindow(t *testing.T) {
	var e estimate
	r := rand.New(rand.NewPCG(7, 8))
	doubts, first := 0, -1
	for i := range 40 {
		_, doubt, found := e.learn(3500-r.IntN(200), 2700)
		if doubt {
			doubts++
		}
		if found {
			first = i
		}
	}
	if first < 0 || first > 10 || doubts < 35 {
		t.Errorf("found at call %d, %d of 40 doubted", first, doubts)
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

func TestACutThatIsCertainIsEnough(t *testing.T) {
	var e estimate
	e.learn(900, 1000)
	if e.cut(500) || !e.cut(2048) || e.cut(2048) || e.window != 2048 {
		t.Errorf("window %d", e.window)
	}
	if cut, _, _ := e.learn(4000, 2048); !cut {
		t.Error("the next prompt that is cut is not seen")
	}
}
