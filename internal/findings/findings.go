// Package findings shows results to a model and reads its references to them:
// it fences what is data, numbers citations, and follows the numbers through
// the text that the model writes. Prompts of planner and workers share it.
package findings

import (
	"io"

	"github.com/db31e724/go-swarm/swarm"
)

// Fence wraps text so that a model can tell it from instructions and that
// nothing in the text can end the wrapping early.
func Fence(label, text string) string { return "" }

// Render lists results for a prompt, fenced, each citation under a number of
// its own, from 1; cites[n-1] is citation n. References in the results' own
// texts are rewritten to those numbers.
func Render(results []swarm.Result) (text string, cites []swarm.Citation) { return "", nil }

// Renumber is a writer that passes text on to w and rewrites references to
// cites, such as [7] or [7, 9], by the order of their first appearance. It
// works on pieces of any size.
type Renumber struct{}

// NewRenumber returns a Renumber over the citations that Render numbered.
func NewRenumber(w io.Writer, cites []swarm.Citation) *Renumber { return nil }

func (r *Renumber) Write(p []byte) (int, error) { return len(p), nil }

// Close passes on what was held back.
func (r *Renumber) Close() error { return nil }

// Citations returns the citations that the text referred to, in order.
func (r *Renumber) Citations() []swarm.Citation { return nil }
