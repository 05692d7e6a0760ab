package pool

import (
	"cmp"
	"math"
)

const (
	// The weights of a new sample of tokens told over tokens estimated: what is
	// reserved follows fast upwards, for too little breaks a budget and too much
	// is given back.
	ratioUp, ratioDown, ratioMean = .5, .05, .1
	ratioLeast                    = 50 // estimated tokens of a prompt that a sample is drawn from
	ratioMost                     = 8. // bounds what a server can make of its own figures
	windowLeast, windowStep       = 1000, 1024
)

// estimate knows how a backend counts prompts. Estimates are made without its
// vocabulary, and are off by three for some. It is a pure machine, driven
// under the queue's lock.
//
// It also finds out servers that read only as much of a prompt as their window
// holds, and say nothing, by one rule: the largest figure ever told is told of
// two prompts of which one is 15 % longer; or, as windows are, it is a multiple
// of 1024 and told of two that differ, or of one that should have a tenth more.
type estimate struct {
	mean  float64 // tokens told over tokens estimated; 0: not known
	ratio float64 // the same, biased to the high side

	most              int // largest prompt told
	shortest, longest int // estimates of the prompts that it was told of
	window            int // tokens of a prompt that the server reads; 0: not found out
}

// tokens returns how many tokens a prompt of so many estimated ones is taken
// to have. It is never less than estimated: what servers tell may leave out
// what their prefix cache held.
func (e *estimate) tokens(est int) int {
	return int(math.Ceil(float64(est) * max(e.mean, 1)))
}

// least returns what a prompt of so many estimated tokens is booked with where
// nothing was told of it: no more than the server is known to count.
func (e *estimate) least(est int) int {
	return int(float64(est) * min(cmp.Or(e.mean, 1), 1))
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
		spread, over := 1.15, math.Inf(1)
		if told%windowStep == 0 {
			spread, over = 1, 1.1*float64(told)
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
	e.sample(est, told)
	return false, window
}

// sample takes the tokens of a prompt of so many estimated ones that was read
// whole.
func (e *estimate) sample(est, told int) {
	r := min(float64(told)/float64(est), ratioMost)
	if e.mean == 0 {
		e.mean, e.ratio = r, r
	}
	e.mean += ratioMean * (r - e.mean)
	e.ratio += max(ratioUp*(r-e.ratio), ratioDown*(r-e.ratio)) // the larger weight upwards, the smaller one downwards
}
