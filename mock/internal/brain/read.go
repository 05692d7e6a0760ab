package brain

import (
	"regexp"
	"slices"
	"strings"
)

// reading is a prompt taken apart: what stands between fences is material, and
// the rest asks for something.
type reading struct {
	question string
	asks     []string // the question, and instructions
	texts    []text
	numbered []statement
}

// text is one text to search, and the lines before it that say where it is from.
type text struct{ body, about string }

var (
	openTag = regexp.MustCompile(`^<([\w-]+)(?:\s[^<>]*)?>\s*$`)
	asking  = regexp.MustCompile(`(?i)^(question|instruction|task|goal)\s*:\s*`)
)

func read(ms []Message) *reading {
	r := &reading{}
	var prose []string
	for _, m := range ms {
		if m.Role == "assistant" {
			continue
		}
		loose, blocks := unfence(m.Content)
		about := r.labelled(loose)
		for i, b := range blocks {
			switch body := strings.TrimSpace(b); {
			case strings.HasPrefix(body, "{"), i > 0 && len(body) < 300 && !finding.MatchString(b): // an example, or what was said before
			case finding.MatchString(b):
				r.numbered = append(r.numbered, readNumbered(b)...)
				r.texts = append(r.texts, text{body: b})
			default:
				r.texts = append(r.texts, text{b, about})
			}
		}
		if m.Role != "system" {
			prose = append(prose, about)
		}
	}
	if len(r.asks) == 0 || len(r.texts) == 0 {
		r.fromProse(strings.Join(prose, "\n"))
	}
	if r.question == "" {
		r.question = strings.Join(r.asks, "\n")
	}
	return r
}

// labelled takes what is called a question or an instruction, up to the next
// empty line, and returns the other lines.
func (r *reading) labelled(s string) string {
	var rest []string
	in, question := false, false
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if m := asking.FindStringSubmatch(line); m != nil {
			r.asks, line = append(r.asks, ""), line[len(m[0]):]
			in, question = true, strings.EqualFold(m[1], "question")
		} else if in = in && line != ""; !in {
			rest = append(rest, line)
			continue
		}
		ask := &r.asks[len(r.asks)-1]
		if *ask = strings.TrimSpace(*ask + "\n" + line); question {
			r.question = *ask
		}
	}
	return strings.Join(rest, "\n")
}

// fromProse takes the question, and where there are no fences the text too,
// from prose: what ends in a question mark asks, or else the last paragraph.
func (r *reading) fromProse(prose string) {
	var asks, says []string
	for _, u := range units(prose) {
		if s := prose[u.start:u.end]; u.asks(prose) {
			asks = append(asks, s)
		} else {
			says = append(says, s)
		}
	}
	if n := len(says); len(r.asks) == 0 && len(asks) == 0 && n > 0 {
		asks, says = says[n-1:], says[:n-1]
	}
	if len(r.asks) == 0 {
		r.asks = []string{strings.Join(asks, " ")}
	}
	switch {
	case len(says) == 0 || len(r.texts) > 0:
	case finding.MatchString(prose):
		r.numbered = readNumbered(prose)
	default:
		r.texts = []text{{body: strings.Join(says, "\n\n")}}
	}
}

// unfence parts a message into what stands outside of fences and what stands
// in each: between <tag> and </tag> on lines of their own, or between ```.
func unfence(s string) (loose string, blocks []string) {
	lines := strings.SplitAfter(s, "\n")
	var out strings.Builder
	for i := 0; i < len(lines); i++ {
		line, end := strings.TrimSpace(lines[i]), ""
		if m := openTag.FindStringSubmatch(strings.TrimRight(lines[i], "\r\n")); m != nil {
			end = "</" + m[1] + ">"
		} else if strings.HasPrefix(line, "```") {
			end = "```"
		}
		inside := slices.IndexFunc(lines[i+1:], func(l string) bool { return end != "" && strings.TrimSpace(l) == end })
		if inside < 0 {
			out.WriteString(lines[i])
			continue
		}
		blocks = append(blocks, strings.Join(lines[i+1:][:inside], ""))
		out.WriteString("\n")
		i += inside + 1
	}
	return out.String(), blocks
}
