package planner

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/internal/record"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// recordAnswer is the schema of a reply whose answer is data of a schema.
func recordAnswer(schema json.RawMessage) *model.Schema {
	return &model.Schema{Name: "answer", JSON: record.Within(schema, func(data json.RawMessage) json.RawMessage {
		return json.RawMessage(`{"type":"object","additionalProperties":false,"required":["work","answer","evidence","status","missing"],"properties":{"work":{"type":"string"},"answer":` +
			string(data) + `,"evidence":{"type":"array","items":{"type":"integer"}},` + statusSchema + `}}`)
	})}
}

// checkSchema says what is wrong with the schema of the answer.
func (l *LLM) checkSchema(t *swarm.Task) error {
	if len(t.Schema) == 0 {
		return nil
	}
	if _, err := l.records.Compile(t.Schema); err != nil {
		return fmt.Errorf("Task.Schema: %w", err)
	}
	return nil
}

// mergeRecord merges into an answer that is data of Task.Schema. It is written once
// it is whole and was checked; what is wrong with it is told back.
func (l *LLM) mergeRecord(ctx context.Context, b swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	if err := l.checkSchema(&b.Task); err != nil {
		return swarm.Verdict{}, err
	}
	found, cites := findings.Render(results)
	base := messages(l.cfg.MergePrompt(b, found))
	ms, out := base, l.answerOut()
	for mends := 0; ; mends++ {
		said, err := l.do(ctx, model.Request{Messages: ms, Schema: recordAnswer(b.Task.Schema), MaxOut: l.cfg.AnswerTokens, DefaultOut: out}, nil, false)
		if err != nil {
			return swarm.Verdict{}, l.tooLong(err, found)
		}
		data, beside, wrong := l.answerIn(said, b.Task.Schema)
		if wrong == "" {
			status, missing := (&answer{rest: string(beside)}).verdict()
			v := swarm.Verdict{Status: founded(status, &b, results), Missing: findings.Line(missing, missingRunes), Citations: evidence(beside, cites)}
			if _, err := w.Write(data); err != nil {
				return v, fmt.Errorf("writing the answer: %w", err)
			}
			return v, nil
		}
		if mends >= l.cfg.Mends {
			return swarm.Verdict{}, fmt.Errorf("no answer of the schema in %d replies of the model: %s", mends+1, wrong)
		}
		ms = l.mended(base, said, "Your reply cannot be used: "+wrong+`. Reply with the one JSON object again and nothing else, mended: {"work": "", "answer": …, "evidence": [], "status": "answered", "missing": ""}`, out)
	}
}

// mostTries is how many opening braces of a reply are tried.
const mostTries = 64

// answerIn finds the answer in a reply: under that name, also as JSON within a
// string, or by itself where a model leaves out what stands around it. beside is the
// object that it stands in, or nil.
func (l *LLM) answerIn(said string, schema json.RawMessage) (data, beside json.RawMessage, wrong string) {
	wrong = "there is no JSON object in it"
	inner := false
	for range mostTries {
		i := strings.IndexByte(said, '{')
		if i < 0 {
			break
		}
		said = said[i:]
		var raw json.RawMessage
		if err := json.NewDecoder(strings.NewReader(said)).Decode(&raw); err != nil {
			if objectBegins.MatchString(said) { // what stands in it is no answer by itself
				wrong, inner = "it is not JSON: "+err.Error(), true
			}
			said = said[1:]
			continue
		}
		said = said[len(raw):]
		fields, _ := findings.Members(raw)
		right := func(data json.RawMessage) bool { return data != nil && l.records.Fault(schema, data) == "" }
		var text string
		_ = json.Unmarshal(fields["answer"], &text)
		switch answer := fields["answer"]; {
		case right(answer):
			return answer, raw, ""
		case text != "" && right(json.RawMessage(text)):
			return json.RawMessage(text), raw, ""
		case !inner && right(raw):
			return raw, nil, ""
		case answer != nil:
			wrong = `"answer" does not follow its schema: ` + l.records.Fault(schema, answer)
		case !inner:
			wrong = `the key "answer" is missing`
		}
	}
	return nil, nil, wrong
}

var objectBegins = regexp.MustCompile(`^\{\s*"`)

var number = regexp.MustCompile(`\d{1,6}`)

// evidence returns the citations that an answer names by their numbers.
func evidence(beside json.RawMessage, cites []swarm.Citation) (named []swarm.Citation) {
	fields, _ := findings.Members(beside)
	for _, text := range number.FindAllString(string(fields["evidence"]), -1) {
		n, _ := strconv.Atoi(text) // digits alone
		if n >= 1 && n <= len(cites) && !slices.Contains(named, cites[n-1]) {
			named = append(named, cites[n-1])
		}
	}
	return named
}
