package mock

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A step is one of a plan's, before it is put into a schema's words.
type step struct {
	id      string
	do      string
	fan     bool // over the chunks; otherwise once
	sources []string
}

// asksForPlan tells whether a schema holds a list of steps.
func asksForPlan(schema node) bool { return findSteps(schema, schema, 0) }

func findSteps(root, s node, depth int) bool {
	if depth > 6 {
		return false
	}
	s, err := resolveIn(root, s)
	if err != nil {
		return false
	}
	props, _ := s.get("properties")
	for _, m := range props.members {
		items, ok := m.val.get("items")
		if ok && isStep(root, items) {
			return true
		}
		if findSteps(root, m.val, depth+1) {
			return true
		}
	}
	return false
}

// isStep tells whether a schema is of a plan's step: it has an instruction,
// and something that says in what order or over what.
func isStep(root, s node) bool {
	s, err := resolveIn(root, s)
	if err != nil {
		return false
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		if any, ok := s.get(key); ok {
			return slices.ContainsFunc(any.items, func(n node) bool { return isStep(root, n) })
		}
	}
	props, _ := s.get("properties")
	do, order := false, false
	for _, m := range props.members {
		switch stepField(m.key) {
		case "do":
			do = true
		case "over", "select", "needs", "id":
			order = true
		}
	}
	return do && order
}

// stepField tells what a property of a step is, by the words of its name.
func stepField(name string) string {
	for _, w := range nameWords(name) {
		switch w {
		case "do", "instruction", "instructions", "task", "prompt", "query", "question", "description", "action", "subtask", "todo", "指令", "任务", "anweisung", "aufgabe":
			return "do"
		case "id", "name", "key", "step", "编号":
			return "id"
		case "over", "fan", "fanout", "mode", "scope", "foreach", "each", "kind", "type":
			return "over"
		case "select", "selection", "source", "sources", "document", "documents", "files", "file", "inputs", "input", "chunks", "sections", "section", "来源", "quellen":
			return "select"
		case "needs", "need", "depends", "dependencies", "after", "requires", "deps":
			return "needs"
		case "schema", "output", "format", "shape":
			return "schema"
		case "tier", "level", "model":
			return "tier"
		}
	}
	return ""
}

// makePlan writes a plan: for each question in the goal, one step over the
// chunks of the sources that the outline shows.
func makePlan(p prompt) said {
	if p.asked != "" {
		p.question = p.asked
	}
	sources, headings := readOutline(p)
	lang := languages[languageOf(p.question)]
	questions := []string{p.question}
	var asks []string
	for _, u := range splitUnits(p.question) {
		if u.asks && u.end-u.start > 12 {
			asks = append(asks, p.question[u.start:u.end])
		}
	}
	if len(asks) > 1 && len(asks) <= 4 {
		questions = asks
	}
	s := said{complete: true, reason: lang.hint}
	if p.known != "" && within(p.question, p.known) {
		s.reason = "" // all of it was asked before, of every reader
		s.planned = true
		return s
	}
	for i, ask := range questions {
		q := newQuery(ask)
		near := q.nearest(headings, 4)
		do := lang.ask + "\n" + questionLabel(ask) + ask
		if hint := hintOf(lang, near, headings); hint != "" {
			do += "\n\n" + hint
		}
		s.plan = append(s.plan, step{
			id: "s" + strconv.Itoa(i+1), do: do, fan: len(sources) > 0 || len(headings) > 0, sources: chosen(q, p, sources),
		})
		if len(near) > 0 {
			s.reason = lang.hint + strings.Join(near, "; ")
		}
	}
	s.answer = s.plan[0].do
	return s
}

func questionLabel(ask string) string {
	switch languageOf(ask) {
	case "zh":
		return "问题："
	case "de":
		return "Frage: "
	case "es":
		return "Pregunta: "
	}
	return "Question: "
}

// hintOf names the headings that bear on the question, and what the outline
// reaches from and to, so that a reader of one piece knows the whole.
func hintOf(lang phrases, near, headings []string) string {
	var hint string
	if len(near) > 0 {
		hint = lang.hint + strings.Join(near, "; ") + "."
	}
	if n := len(headings); n > 1 {
		hint += " " + fmt.Sprintf(lang.reaches, "“"+cutRunes(headings[0], 60)+"”", "“"+cutRunes(headings[n-1], 60)+"”")
	}
	return strings.TrimSpace(hint)
}

// nearest are the headings that share most with the question, best first.
func (q *query) nearest(headings []string, most int) []string {
	type scored struct {
		h string
		s float64
	}
	var all []scored
	for _, h := range headings {
		var m maskPair
		q.hits(h, func(t int, full bool, _ int) { m.set(t, full) })
		if s := q.share(m); s >= 0.15 {
			all = append(all, scored{cutRunes(h, 80), s})
		}
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Compare(b.s, a.s) })
	var out []string
	for _, a := range all {
		if len(out) < most && !slices.Contains(out, a.h) {
			out = append(out, a.h)
		}
	}
	return out
}

// share is the part of the question's weight that a set of terms has.
func (q *query) share(m maskPair) float64 {
	var got float64
	for t := range q.terms {
		switch {
		case m.full&(1<<t) != 0:
			got += q.terms[t].weight
		case m.like&(1<<t) != 0:
			got += worthLike * q.terms[t].weight
		}
	}
	return got / max(q.weight(), 0.01)
}

// moreSources finds the note of an outline that does not show every source.
var moreSources = regexp.MustCompile(`(?i)\b(?:more|other|further|weitere|autres) (?:sources?|files?|documents?|texts?|quellen|dateien|dokumente|fichiers)\b|(?:其余|另有|还有)[^。\n]{0,12}(?:来源|文件|文档)`)

// chosen names the sources to read; none stands for all, which is right where
// some are not shown.
func chosen(q *query, p prompt, sources []outlined) []string {
	if moreSources.MatchString(p.loose) {
		return nil
	}
	for _, x := range p.outline {
		if !x.fenced && moreSources.MatchString(x.text) {
			return nil
		}
	}
	return q.choose(sources)
}

// choose names the sources to read: all, unless the outline leaves no doubt.
// That is so where a heading or a name covers most of the question, and
// nothing of it is seen of other sources.
func (q *query) choose(sources []outlined) []string {
	var best float64
	shares := make([]float64, len(sources))
	for i, s := range sources {
		var m maskPair
		for l := range strings.Lines(s.name + "\n" + s.text) {
			var one maskPair
			q.hits(l, func(t int, full bool, _ int) { one.set(t, full) })
			if len(l) <= 100 && !opens(l) {
				best = max(best, q.share(one))
			}
			m = m.or(one)
		}
		shares[i] = q.share(m)
	}
	var out []string
	for i, s := range sources {
		if best < 0.7 || shares[i] > 0.05 {
			out = append(out, s.name)
		}
	}
	return out
}
