package planner

import (
	"fmt"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
)

// fenceTokens is what a fence adds to a text, estimated.
const fenceTokens = 24

// sourcesText shows the sources within most tokens: the name and the size of
// each, and as much of its outline as there is room for. It says what it left
// out.
func sourcesText(sources []swarm.Source, most int) string {
	if len(sources) == 0 {
		return "There are no source texts.\n\n"
	}
	most -= fenceTokens + 64 // what stands around the sources
	var heads, outlines []string
	for _, s := range sources {
		head := fmt.Sprintf("Source %q, chunks: %d\n", s.Name, len(s.Chunks))
		cost := swarm.EstimateTokens(head) + 4 // with the mark of an outline that is cut
		if cost > most {
			break
		}
		most -= cost
		heads = append(heads, head)
		outlines = append(outlines, strings.TrimPrefix(s.Outline, s.Name+": "))
	}
	outlines, cut := share(outlines, most)
	var shown strings.Builder
	for i, head := range heads {
		shown.WriteString(head + strings.TrimRight(outlines[i], "\n") + "\n")
	}
	text := "Outlines of the sources:\n" + findings.Fence("outlines", shown.String())
	if cut {
		text += "Outlines that end in \"…\" were cut for lack of room; the sources go on.\n"
	}
	if n := len(sources) - len(heads); n > 0 {
		text += fmt.Sprintf("%d more sources are not shown for lack of room; \"select\": [] reads them too.\n", n)
	}
	return text + "\n"
}
