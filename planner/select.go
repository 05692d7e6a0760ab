package planner

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
)

// part is a piece of a source as a model refers to it by what the outline
// shows: spec.html#12, spec.html#12-14, "spec.html [#12-#14]", #12.
var part = regexp.MustCompile(`^(.*?)[\s\[(]*#(\d{1,9})(?:\s*[-–—]\s*#?(\d{1,9}))?[\s\])]*$`)

// selected turns what a model writes in a step's "select" into what the engine knows:
// names of sources stay, and parts of them become the IDs of their chunks.
// What is neither stays too, for the engine says what there is. The error is a *swarm.PlanError. A part without
// the name of its source is one of the only source. Its time is linear in the
// entries and in the chunks of the sources that are taken in part.
func selected(sources []swarm.Source, st swarm.Step) ([]string, error) {
	if len(st.Select) == 0 {
		return st.Select, nil
	}
	byName := make(map[string]*swarm.Source, len(sources))
	for i := range sources {
		byName[sources[i].Name] = &sources[i]
	}
	var out []string
	var cut []*swarm.Source
	edges := map[*swarm.Source][]int{} // by chunk: parts that begin there less those that ended
	for _, name := range st.Select {
		bad := func(mend string, args ...any) ([]string, error) {
			return nil, &swarm.PlanError{Step: st.ID, Field: "select", Value: findings.Line(name, 80), Mend: fmt.Sprintf(mend, args...)}
		}
		m := part.FindStringSubmatch(name)
		if byName[name] != nil || m == nil {
			out = append(out, name)
			continue
		}
		s := byName[m[1]]
		if m[1] == "" && s == nil {
			if len(sources) != 1 {
				return bad("does not say of which source: write the source's name before #")
			}
			s = &sources[0]
		}
		if s == nil || !numbered(s) {
			out = append(out, name)
			continue
		}
		from, _ := strconv.Atoi(m[2])
		to := from
		if m[3] != "" {
			to, _ = strconv.Atoi(m[3])
		}
		if from < 1 || to < from || to > len(s.Chunks) {
			return bad("is no part of the source: its chunks are #1-%d", len(s.Chunks))
		}
		if edges[s] == nil {
			edges[s] = make([]int, len(s.Chunks)+1)
			cut = append(cut, s)
		}
		edges[s][from-1]++
		edges[s][to]--
	}
	for _, s := range cut {
		in := 0
		for i := range s.Chunks {
			if in += edges[s][i]; in > 0 {
				out = append(out, s.Chunks[i].ID)
			}
		}
	}
	return out, nil
}

// numbered reports whether the chunks of a source are called by its name and
// their number, as outlines count them.
func numbered(s *swarm.Source) bool {
	for _, i := range [...]int{0, len(s.Chunks) - 1} {
		if i < 0 || i >= len(s.Chunks) {
			return false
		}
		if n, ok := strings.CutPrefix(s.Chunks[i].ID, s.Name+"#"); !ok || n != strconv.Itoa(i+1) {
			return false
		}
	}
	return true
}
