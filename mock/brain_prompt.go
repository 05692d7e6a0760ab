package mock

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// partKind is what a part of a prompt is for.
type partKind uint8

const (
	partOther partKind = iota
	partQuestion
	partGoal
	partText
	partPath
	partOutline
	partFindings
	partFeedback
	partKnown   // what earlier rounds did and found
	partIgnored // examples, schemas, rules
)

// A part is a piece of a prompt that stands apart: by a fence, a tag or a
// label, or else a paragraph.
type part struct {
	kind    partKind
	label   string
	text    string
	fenced  bool
	role    string // of the message
	message int    // its number
}

// prompt is what a brain makes of a request.
type prompt struct {
	question string
	text     string // what is to be read, verbatim
	path     string // where it stands
	outline  []part
	known    string // what was done before
	asked    string // the question that was called so
	findings []finding
	feedback string // what was wrong with an earlier answer
	earlier  string // that answer
	loose    string // all that is not data: instructions, labels
	hasList  bool   // findings were announced, be it none
}

// readPrompt takes a request apart. It goes by marks that people set apart
// texts with, in some languages, and by place and length where there are none.
// What stands in a fence is data, whatever it says.
func readPrompt(r Request) prompt {
	var parts []part
	var p prompt
	for k, m := range r.Messages {
		if m.Role == "assistant" {
			if strings.TrimSpace(m.Content) != "" {
				p.earlier = m.Content
			}
			continue
		}
		own := cutParts(m.Content)
		for i := range own {
			own[i].role, own[i].message = m.Role, k
		}
		parts = append(parts, own...)
	}
	byContent(parts)
	p.fill(parts)
	if p.question == "" {
		p.question = looseQuestion(parts)
	}
	if p.text == "" && !p.hasList && len(p.outline) == 0 {
		p.text = looseText(parts, p.question)
	}
	return p
}

// byContent decides what fenced parts without a telling label are.
func byContent(parts []part) {
	longest := -1
	for i, x := range parts {
		if !x.fenced || x.kind != partOther {
			continue
		}
		t := strings.TrimSpace(x.text)
		switch {
		case strings.HasPrefix(t, "{") && (strings.Contains(t, "\"properties\"") || len(t) < 600 && x.role == "system"):
			parts[i].kind = partIgnored
		case len(t) < 400 && (strings.HasSuffix(t, "?") || strings.HasSuffix(t, "？")) && !strings.Contains(t, "\n"):
			parts[i].kind = partQuestion
		case countMarks(t) >= 2:
			parts[i].kind = partFindings
		default:
			parts[i].kind = partText
			if longest < 0 || len(t) > len(parts[longest].text) {
				longest = i
			}
		}
	}
}

func (p *prompt) fill(parts []part) {
	var questions, goals []string
	var loose, texts, paths, lists []string
	for _, x := range parts {
		t := strings.TrimSpace(x.text)
		switch x.kind {
		case partQuestion:
			if len(goals) > 0 && len(questions) > 0 {
				// An instruction that comes with a question of its own.
				questions, goals = nil, nil
			}
			questions = append(questions, t)
		case partGoal:
			goals = append(goals, t)
		case partText:
			texts = append(texts, x.text)
			if x.fenced && x.label != "" {
				paths = append(paths, x.label)
			}
		case partPath:
			paths = append(paths, t)
		case partOutline:
			p.outline = append(p.outline, x)
		case partKnown:
			p.known += x.label + "\n" + t + "\n"
		case partFindings:
			p.hasList = true
			lists = append(lists, x.text)
			p.findings = append(p.findings, readFindings(x.text, x.label)...)
		case partFeedback:
			p.feedback += t + "\n"
		}
		if x.kind != partText && x.kind != partFindings && x.kind != partOutline {
			loose = append(loose, x.label+" "+t)
		}
	}
	p.text = strings.Join(texts, "\n\n")
	p.path = strings.Join(paths, "\n")
	p.loose = strings.Join(loose, "\n")
	p.question = choose(questions, goals)
	p.asked = choose(questions, nil)
	if hasAny(strings.ToLower(p.loose), []string{"found nothing", "no findings", "findings: none", "no results", "nothing was found", "没有发现", "无结果", "keine funde", "keine ergebnisse"}) {
		p.hasList = true
	}
	if p.text == "" && len(p.findings) == 0 && len(lists) > 0 {
		p.text = strings.Join(lists, "\n\n")
	}
}

// choose takes the question: what is called so, unless an instruction beside
// it asks for something of its own; of several, the last. Where an instruction
// only says the question again, the question is the plainer.
func choose(questions, goals []string) string {
	last := func(list []string) string {
		for _, s := range slices.Backward(list) {
			if s = bare(s); s != "" {
				return s
			}
		}
		return ""
	}
	question, goal := last(questions), last(goals)
	if question == "" && len(goals) > 1 {
		question = bare(goals[0])
	}
	switch {
	case goal == "" || question != "" && within(question, goal):
		return question
	case question != "" && (newQuery(goal).weight() < 1.5 || hasAny(strings.ToLower(goal), questionWords)):
		return question // the instruction only points at it
	}
	return goal
}

var questionWords = []string{"question", "the goal", "问题", "frage", "pregunta", "domanda", "pergunta", "質問", "вопрос"}

// within tells whether b says nearly all that a says.
func within(a, b string) bool {
	q := newQuery(a)
	var seen uint64
	q.hits(b, func(t int, full bool, _ int) { seen |= 1 << t })
	var got float64
	for t := range q.terms {
		if seen&(1<<t) != 0 {
			got += q.terms[t].weight
		}
	}
	return got >= 0.8*q.weight()
}

// bare leaves of an instruction what is asked: its sentences that end in a
// question mark, a question behind a colon or in quotation marks; otherwise
// all of it.
func bare(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 4000 {
		s = s[:runeStart(s, 4000)]
	}
	if k := inlineQuestion(s); k != "" {
		return k
	}
	var asks []string
	for _, u := range splitUnits(s) {
		if u.asks {
			asks = append(asks, s[u.start:u.end])
		}
	}
	if len(asks) == 0 {
		return s
	}
	for i, a := range asks {
		for _, colon := range []string{": ", "："} {
			if k := strings.LastIndex(a, colon); k >= 0 && len(a)-k > 12 && k < 120 && !strings.ContainsAny(a[:k], "\"“") {
				asks[i] = strings.TrimSpace(a[k+len(colon):])
			}
		}
	}
	return strings.Join(asks, " ")
}

// inlineQuestion is what a label inside the text names as the question.
func inlineQuestion(s string) string {
	for l := range strings.Lines(s) {
		if kind, rest, ok := labelled(l); ok && kind == partQuestion && rest != "" {
			return rest
		}
	}
	return ""
}

// looseQuestion finds the question among what stands apart from the data: the
// last sentence of the user's that asks, else the last short paragraph.
func looseQuestion(parts []part) string {
	if ask := edgeQuestion(parts); ask != "" {
		return ask
	}
	for _, role := range []string{"user", "system"} {
		for _, x := range slices.Backward(parts) {
			if x.kind != partOther || x.fenced || (x.role == "system") != (role == "system") || len(x.text) > 2000 {
				continue
			}
			if b := bare(x.text); strings.ContainsAny(b, "?？") {
				return b
			}
		}
	}
	for _, role := range []string{"user", "system"} {
		for _, x := range slices.Backward(parts) {
			if x.kind == partOther && !x.fenced && (x.role == "system") == (role == "system") && len(x.text) < 600 && strings.TrimSpace(x.text) != "" {
				return strings.TrimSpace(x.text)
			}
		}
	}
	return ""
}

// edgeQuestion is the paragraph that asks at the end of the last message, or
// at its beginning.
func edgeQuestion(parts []part) string {
	var last []part // the loose parts of the last message
	for _, x := range slices.Backward(parts) {
		if len(last) > 0 && x.message != last[0].message {
			break
		}
		if x.kind == partOther && !x.fenced {
			last = append(last, x)
		}
	}
	if len(last) == 0 {
		return ""
	}
	for _, x := range []part{last[0], last[len(last)-1]} {
		t := strings.TrimSpace(x.text)
		if b := bare(t); len(t) <= 2000 && strings.ContainsAny(b, "?？") && 2*len(b) >= len(t) {
			return b
		}
	}
	return ""
}

// looseText takes for data what is long and not the question.
func looseText(parts []part, question string) string {
	var b strings.Builder
	for _, x := range parts {
		if x.kind == partOther && x.role != "system" && !strings.Contains(question, strings.TrimSpace(x.text)) && !strings.Contains(x.text, question) {
			b.WriteString(x.text)
			b.WriteString("\n\n")
		}
	}
	if b.Len() == 0 { // all of it in one paragraph
		for _, x := range parts {
			if x.kind == partOther && x.role != "system" && len(x.text) > 2*len(question) {
				b.WriteString(strings.Replace(x.text, question, "", 1))
			}
		}
	}
	return strings.TrimSpace(b.String())
}

func runeStart(s string, i int) int {
	for i > 0 && i < len(s) && !utf8.RuneStart(s[i]) {
		i--
	}
	return i
}
