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
	// cutLeast is the smallest window that is believed in. It is found where
	// cutSeen prompts were told to have as many tokens, one of them cutSpread
	// longer than another: no tokenizer comes to the same number three times
	// by chance. Or where cutTied prompts were, one of them cutStep longer, and
	// none had a little less: texts cut to one size differ in their tokens.
	cutLeast  = 256
	cutSeen   = 3
	cutSpread = 1.15
	cutTied   = 6
	cutStep   = 1.03
	// madeUp is how many times the estimate a server may tell; more is a figure
	// of its own making, and says nothing of cuts.
	madeUp = 4
	// The largest figure told is doubtful from roundLeast on where it is a
	// multiple of roundStep, as windows are. From doubtLeast on it is where one
	// prompt told it was cutStep longer than another, and doubtOver times the
	// figure was to be expected, or tied prompts were told it, and fewer were
	// told alike times the figure or more.
	roundLeast = 2048
	roundStep  = 1024
	doubtLeast = 1000
	doubtOver  = 1.1
	tied       = 3
	alike      = .9
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
	ties, last     int  // how many prompts were told it, and the estimate of the last
	near           int  // how many were told to have little less
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
	if told >= roundLeast && told%roundStep == 0 {
		return true
	}
	longer := e.mean*float64(est) > doubtOver*float64(told)
	return told >= doubtLeast && e.spread(cutStep) && (longer || e.ties >= tied && e.ties > e.near)
}

// spread says that of the prompts told the largest figure one is so many times
// as long as another.
func (e *estimate) spread(by float64) bool {
	return float64(e.long) >= by*float64(e.shortest)
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
	case told < e.most:
		if float64(told) >= alike*float64(e.most) {
			e.near++
		}
		return false
	case told < cutLeast:
		return false
	case told > e.most:
		if float64(e.most) >= alike*float64(told) {
			e.near += e.ties
		} else {
			e.near = 0
		}
		e.most, e.shortest, e.long = told, est, est
		e.ties, e.last = 1, est
		e.window = 0 // it reads more than was thought
		e.made = told > madeUp*est
		return false
	case e.made:
		return false
	case told > madeUp*est:
		e.window, e.made = 0, true
		return false
	}
	if est != e.last { // else the same prompt, as a hedge or a retry sends it
		e.ties, e.last = e.ties+1, est
	}
	e.shortest, e.long = min(e.shortest, est), max(e.long, est)
	far := e.ties >= cutSeen && e.spread(cutSpread)
	many := e.ties >= cutTied && e.near == 0 && e.spread(cutStep)
	if e.window > 0 || !far && !many {
		return false
	}
	e.window = told
	return true
}
