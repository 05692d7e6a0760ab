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
	// cutLeast is the smallest window that is believed in. cutSeen prompts
	// must have been told to have as many tokens, each cutStep longer or
	// shorter than all before, one of them cutSpread longer than another: no
	// tokenizer comes to the same number three times by chance.
	cutLeast  = 256
	cutSeen   = 3
	cutStep   = 1.03
	cutSpread = 1.15
	// madeUp is how many times the estimate a server may tell; more is a figure
	// of its own making, and says nothing of cuts.
	madeUp = 4
	// A single figure is doubtful from doubtLeast on, where it is a multiple of
	// doubtRound, as windows are, or was told of another prompt as well.
	doubtLeast = 1000
	doubtRound = 1024
)

// estimate knows how a backend counts prompts. Estimates are made without its
// vocabulary, and are off by three for some. It is a pure machine, driven
// under the queue's lock.
//
// It also finds out servers that read only as much of a prompt as their window
// holds, and say nothing: the tokens that they tell stop growing, at the
// largest figure ever told, while prompts grow.
type estimate struct {
	mean  float64 // tokens told over tokens estimated; 0: not known
	ratio float64 // the same, biased to the high side

	most           int  // largest prompt told
	seen           int  // of how many lengths
	shortest, long int  // estimates of prompts that it was told of
	window         int  // tokens of a prompt that the server reads; 0: not found out
	made           bool // the largest figure told is made up
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
	return max(upper(est), int(float64(est)*e.ratio)+est/10+50)
}

// learn takes the tokens that the server told of a prompt of so many
// estimated ones. cut says that it has read only its window of it; doubt, that
// it may have, which is found out by giving it less; found, that the window has
// just become known.
func (e *estimate) learn(est, told int) (cut, doubt, found bool) {
	if told <= 0 || est < ratioLeast {
		return false, false, false
	}
	found = e.watch(est, told)
	if e.suspects(est, told) {
		return e.window > 0, true, found
	}
	r := min(float64(told)/float64(est), ratioMost)
	if e.mean == 0 {
		e.mean, e.ratio = r, r
	}
	e.mean += ratioMean * (r - e.mean)
	switch {
	case r > e.ratio:
		e.ratio += ratioUp * (r - e.ratio)
	default:
		e.ratio += ratioDown * (r - e.ratio)
	}
	return false, false, found
}

// suspects says that the server may have read only so many tokens of a prompt:
// they are the window, where that is known, or look like one, and the prompt
// is not much shorter.
func (e *estimate) suspects(est, told int) bool {
	switch {
	case told != e.most || e.made || e.mean > 0 && float64(e.tokens(est)) < .6*float64(told):
		return false
	case e.window > 0:
		return true
	}
	return told >= doubtLeast && (told%doubtRound == 0 || est != e.shortest || est != e.long)
}

// cut takes that the server has read only so many tokens of a prompt that has
// more for certain, and says whether that is news.
func (e *estimate) cut(told int) (found bool) {
	if told < cutLeast || told <= e.window || told < e.most {
		return false
	}
	e.most, e.window, e.made = told, told, false
	return true
}

// watch looks for a window.
func (e *estimate) watch(est, told int) (found bool) {
	switch {
	case told < e.most || told < cutLeast:
		return false
	case told > e.most:
		e.most, e.seen, e.shortest, e.long = told, 1, est, est
		e.window = 0 // it reads more than was thought
		e.made = told > madeUp*est
		return false
	case e.made:
		return false
	case told > madeUp*est:
		e.window, e.made = 0, true
		return false
	}
	switch {
	case float64(est) > cutStep*float64(e.long):
		e.seen++
		e.long = est
	case cutStep*float64(est) < float64(e.shortest):
		e.seen++
		e.shortest = est
	}
	if e.window > 0 || e.seen < cutSeen || float64(e.long) < cutSpread*float64(e.shortest) {
		return false
	}
	e.window = told
	return true
}
