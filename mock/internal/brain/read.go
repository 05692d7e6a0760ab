package brain

import (
	"cmp"
	"regexp"
	"strings"
)

// reading is a prompt taken apart: what stands between fences is material, and
// the rest asks for something.
type reading struct {
	asked    string
	asks     []string // its parts
	question string   // what of it is called the question
	texts    []text
	numbered []statement
}

// text is one text to search, and the lines before it that say where it is from.
type text struct{ body, about string }

var (
	openTag = regexp.MustCompile(`^<([\w-]+)(?:\s[^<>]*)?>\s*$`)
	asking  = regexp.MustCompile(`(?i)^\s*(?:question|instruction|task|goal)\s*:\s*`)
	number  = regexp.MustCompile(`^\s*\[(\d{1,6})\]`)
)

func read(ms []Message) *reading {
	r := &reading{}
	var asked, prose []string
	for _, m := range ms {
		if m.Role == "assistant" {
			continue
		}
		loose, blocks := unfence(m.Content)
		labelled, question, rest := labelledLines(loose)
		asked = append(asked, labelled...)
		r.question = cmp.Or(question, r.question)
		for i, b := range blocks {
			switch body := strings.TrimSpace(b); {
			case strings.HasPrefix(body, "{"): // an example, or what was said before
			case isNumbered(b):
				r.numbered = append(r.numbered, readNumbered(b)...)
				r.texts = append(r.texts, text{body: b})
			case i > 0 && len(body) < 300: // what was said before
			default:
				r.texts = append(r.texts, text{b, strings.Join(rest, "\n")})
			}
		}
		if m.Role != "system" {
			prose = append(prose, strings.Join(rest, "\n"))
		}
	}
	r.asked, r.asks = strings.Join(asked, "\n"), asked
	if r.asked == "" || len(r.texts) == 0 {
		r.fromProse(strings.Join(prose, "\n"))
	}
	if len(r.asks) == 0 {
		r.asks = []string{r.asked}
	}
	return r
}

// fromProse takes the question, and where there are no fences the text too,
// from prose: what ends in a question mark asks, or else the last paragraph.
func (r *reading) fromProse(prose string) {
	var asks, says []string
	for _, u := range units(prose) {
		if u.asks(prose) {
			asks = append(asks, prose[u.start:u.end])
		} else {
			says = append(says, prose[u.start:u.end])
		}
	}
	if r.asked == "" {
		r.asked = strings.Join(asks, " ")
	}
	if len(says) == 0 || len(r.texts) > 0 {
		return
	}
	if isNumbered(prose) {
		r.numbered = readNumbered(prose)
		return
	}
	if r.asked == "" {
		r.asked, says = says[len(says)-1], says[:len(says)-1]
	}
	if len(says) > 0 {
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
		last := i
		for k := i + 1; k < len(lines) && end != ""; k++ {
			if strings.TrimSpace(lines[k]) == end {
				last = k
				break
			}
		}
		if last == i {
			out.WriteString(lines[i])
			continue
		}
		blocks = append(blocks, strings.Join(lines[i+1:last], ""))
		out.WriteString("\n")
		i = last
	}
	return out.String(), blocks
}

// labelledLines parts what is called a question or an instruction, up to the
// next empty line, from the other lines.
func labelledLines(s string) (labelled []string, question string, rest []string) {
	in, at := false, -1
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if m := asking.FindString(line); m != "" {
			labelled, in = append(labelled, line[len(m):]), true
			if strings.EqualFold(m[:1], "q") {
				at = len(labelled) - 1
			}
		} else if in = in && line != ""; in {
			k := len(labelled) - 1
			labelled[k] = strings.TrimSpace(labelled[k] + "\n" + line)
		} else {
			rest = append(rest, line)
		}
	}
	if at >= 0 {
		question = labelled[at]
	}
	return labelled, question, rest
}

func isNumbered(s string) bool {
	for line := range strings.Lines(s) {
		if number.MatchString(line) {
			return true
		}
	}
	return false
}
