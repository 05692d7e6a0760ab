package pool

import "math"

const (
	// ratioUp and ratioDown are the weights of a new sample of tokens told
	// over tokens estimated, in what is reserved: too little breaks a budget,
	// too much is given back. ratioMean is that in what prompts are fitted by.
	ratioUp, ratioDown, ratioMean = .5, .05, .1
	// ratioLeast is the shortest prompt, in estimated tokens, that a sample is
	// drawn from: what frames a short one weighs too much.
	ratioLeast = 50
	// ratioMost bounds what a server can make of its own figures.
	ratioMost = 8.
	// windowLeast is the smallest window that is believed in, and windowSpread
	// how many times as long one prompt must be as another that was told to have
	// as many tokens. Windows are mostly multiples of windowStep: there any two
	// prompts that differ do.
	windowLeast  = 1000
	windowSpread = 1.15
	windowStep   = 1024
	windowOver   = 1.1
)

// estimate knows how a backend counts prompts. Estimates are made without its
// vocabulary, and are off by three for some. It is a pure machine, driven
// under the queue's lock.
//
// It also finds out servers that read only as much of a prompt as their window
// holds, and say nothing, by one rule: the largest figure ever told is told of
// two prompts that cannot have as many tokens.
type estimate struct {
	mean  float64 // tokens told over tokens estimated; 0: not known
	ratio float64 // the same, biased to the high side

	most     int // largest prompt told
	shortest int // estimates of the prompts that it was told of
	longest  int
	window   int // tokens of a prompt that the server reads; 0: not found out
}

// tokens returns how many tokens a prompt of so many estimated ones is taken
// to have. It is never less than estimated: what servers tell may leave out
// what their prefix cache held.
func (e *estimate) tokens(est int) int {
	return int(math.Ceil(float64(est) * max(e.mean, 1)))
}

// upper returns what a prompt of so many estimated tokens may come to. Text
// that is unlike what was seen before may be a third off.
func (e *estimate) upper(est int) int {
	return max(est+est/3+50, int(float64(est)*e.ratio)+est/10+50)
}

// learn takes the tokens that the server told of a prompt of so many
// estimated ones. cut says that it has read only its window of it; window is
// not 0 where that has just become known.
func (e *estimate) learn(est, told int) (cut bool, window int) {
	if told <= 0 || est < ratioLeast {
		return false, 0
	}
	if told > e.most {
		e.most, e.shortest, e.longest, e.window = told, est, est, 0
	}
	if told == e.most {
		e.shortest, e.longest = min(e.shortest, est), max(e.longest, est)
		spread, over := windowSpread, math.Inf(1)
		if told%windowStep == 0 {
			spread, over = 1, windowOver*float64(told)
		}
		if told >= windowLeast && (float64(e.longest) > spread*float64(e.shortest) || float64(e.tokens(est)) > over) {
			if e.window != told {
				window = told
			}
			e.window = told
		}
	}
	if told == e.window && float64(e.tokens(est)) > .6*float64(told) {
		return true, window
	}
	r := min(float64(told)/float64(est), ratioMost)
	if e.mean == 0 {
		e.mean, e.ratio = r, r
	}
	e.mean += ratioMean * (r - e.mean)
	if r > e.ratio {
		e.ratio += ratioUp * (r - e.ratio)
	} else {
		e.ratio += ratioDown * (r - e.ratio)
	}
	return false, window
}
