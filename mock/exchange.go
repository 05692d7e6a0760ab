package mock

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/fault"
	"github.com/db31e724/go-swarm/mock/internal/token"
	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// exchange is one request on its way through the server. It belongs to the
// goroutine that serves the request.
type exchange struct {
	s     *Server
	w     http.ResponseWriter
	r     *http.Request
	entry *Entry
	model *served   // nil: not found (yet)
	tree  wire.Node // the decoded body
	rng   *rand.Rand
	reply []reply // what is to be sent, one for each choice
	pace  pace
	raw   *wire.Raw

	hash   uint64        // of the body
	asked  *fault.Fault  // by the call itself
	call   fault.Call    // what a fault does to it
	twist  *fault.Wire   // through which it goes; nil: as it is
	heard  *Request      // what the brain is told, where that is not what was asked
	blocks []uint64      // of the prompt, for the prefix cache
	left   []func()      // when the request ends
	waited time.Duration // for a place

	cut     bool // the connection is to be cut
	ended   bool
	dropped bool // the server broke the connection
}

// reply is one choice: its text in tokens, and why it ended.
type reply struct {
	tokens  []string
	refusal bool
	calls   []string // of tools, as JSON without their index
	more    int      // tokens of calls
	finish  string
}

func (s *Server) newExchange(w http.ResponseWriter, r *http.Request) *exchange {
	keys := wire.Secrets(r.Header, r.URL.Query())
	x := &exchange{s: s, w: w, r: r, entry: &Entry{
		ID:     fmt.Sprintf("req_%012d", s.serial.Add(1)),
		Method: r.Method, Path: r.URL.Path, Header: wire.CleanHeader(r.Header, keys), Arrived: time.Now(), keys: &keys,
	}}
	s.log.arrive(x.entry)
	return x
}

// run takes the request along its way; the first error ends it.
func (x *exchange) run() *wire.Error {
	if err := x.admit(); err != nil {
		return err
	}
	method, serve := http.MethodGet, x.models
	switch path := x.r.URL.Path; {
	case path == "/v1/chat/completions":
		method, serve = http.MethodPost, x.chat
	case path != "/v1/models" && !strings.HasPrefix(path, "/v1/models/"):
		return &wire.Error{Status: http.StatusNotFound, Message: fmt.Sprintf("Invalid URL (%s %.128s)", x.r.Method, path)}
	}
	if err := x.only(method); err != nil {
		return err
	}
	return serve()
}

func (x *exchange) only(method string) *wire.Error {
	if x.r.Method == method {
		return nil
	}
	return &wire.Error{Status: http.StatusMethodNotAllowed, Code: "method_not_supported", Header: http.Header{"Allow": {method}}, Message: fmt.Sprintf("Not allowed to %s on %.128s. (HINT: Perhaps you meant to use a different HTTP method?)", x.r.Method, x.r.URL.Path)}
}

// admit checks the key.
func (x *exchange) admit() *wire.Error {
	switch key := bearer(x.r); {
	case x.s.key == "" || key == x.s.key:
		return nil
	case key == "":
		return &wire.Error{Status: http.StatusUnauthorized, Message: "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."}
	}
	return &wire.Error{Status: http.StatusUnauthorized, Code: "invalid_api_key", Message: "Incorrect API key provided."}
}

// bearer is the key that a request carries.
func bearer(r *http.Request) string {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

// chat serves a chat completion, stage by stage. A fault may take the
// place of the last two.
func (x *exchange) chat() *wire.Error {
	for _, stage := range []func() *wire.Error{x.read, x.rules, x.measure, x.enter, x.strike, x.think, x.answer} {
		if err := stage(); err != nil {
			return err
		}
	}
	return nil
}

// read reads, decodes and checks the body, and finds the model.
func (x *exchange) read() *wire.Error {
	if kind := x.r.Header.Get("Content-Type"); kind != "" && !strings.HasPrefix(strings.ToLower(kind), "application/json") {
		return &wire.Error{Status: http.StatusUnsupportedMediaType, Code: "unsupported_content_type", Message: fmt.Sprintf("Unsupported content type: '%.64s'. This API method only accepts 'application/json' requests.", kind)}
	}
	body, bad := wire.ReadBody(x.r, x.s.maxBody)
	x.entry.Body = body
	if bad != nil {
		return bad
	}
	tree, refused := wire.Decode(body)
	x.tree, x.entry.Request = tree, requestOf(tree)
	x.entry.Streamed = x.entry.Request.Stream
	refused = cmp.Or(refused, x.choose())
	if x.model = x.s.models[x.entry.Request.Model]; x.model != nil {
		x.s.log.take(x.model.ID)
	}
	if refused != nil {
		return refused
	}
	if x.model == nil {
		return noModel(x.entry.Request.Model)
	}
	h := fnv.New64a()
	h.Write(body)
	x.hash = h.Sum64()
	x.entry.Attempt = x.s.attempt(x.hash)
	x.rng = rand.New(rand.NewPCG(x.s.seed, x.hash))
	return nil
}

func noModel(id string) *wire.Error {
	return &wire.Error{Status: http.StatusNotFound, Code: "model_not_found", Message: fmt.Sprintf("The model `%.128s` does not exist or you do not have access to it.", id)}
}

// rules are those of the model asked.
func (x *exchange) rules() *wire.Error {
	if x.model.NoSchema && x.entry.Request.SchemaName != "" {
		return wire.Bad("response_format", "", "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.")
	}
	if x.model.NoTools && len(x.entry.Request.Tools) > 0 {
		return wire.Bad("tools", "", "%s does not support tools", x.model.ID)
	}
	if !x.model.Reasoning {
		return nil
	}
	if !x.tree.Get("max_tokens").IsNull() {
		return wire.Bad("max_tokens", "unsupported_parameter", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")
	}
	for _, key := range []string{"temperature", "top_p"} {
		if v := x.tree.Get(key); !v.IsNull() && v.Float() != 1 {
			return wire.Bad(key, "unsupported_value", "Unsupported value: '%s' does not support %s with this model. Only the default (1) value is supported.", key, v.Num)
		}
	}
	return nil
}

// think asks the brain for each reply and makes tokens of its text.
func (x *exchange) think() *wire.Error {
	if x.raw != nil { // a fault takes the answer's place
		return nil
	}
	x.entry.Charge = true
	for range x.entry.Request.N {
		said, err := x.ask()
		switch {
		case x.r.Context().Err() != nil:
			return nil // nobody is there to be answered
		case err != nil:
			if own, ok := errors.AsType[*Error](err); ok {
				return own.wire()
			}
			return wire.Failed(fmt.Errorf("the brain: %w", err))
		case said.Raw != nil:
			x.raw = said.Raw.wire()
			return nil
		}
		x.edit(&said)
		if r := x.entry.Request; r.JSON && said.Refusal == "" && len(said.ToolCalls) == 0 && !said.Unchecked {
			if err := wire.Conform(said.Text, r.Schema, r.Strict); err != nil {
				// A status that no client repeats.
				return &wire.Error{Status: http.StatusUnprocessableEntity, Code: "reply_departs", Message: fmt.Sprintf("The mock's brain replied with what was not asked for: %v. Reply.Unchecked sends it as it is.", err)}
			}
		}
		x.entry.Usage.Cached = min(max(x.entry.Usage.Cached, said.Cached), x.entry.Usage.In)
		x.reply = append(x.reply, x.shape(said))
	}
	x.pace = x.model.Latency.draw(x.rng)
	x.pace.first += x.waited
	if x.call.Slow != nil {
		x.pace.first, x.pace.perToken = x.call.Slow(x.pace.first, x.pace.perToken)
	}
	x.remember()
	x.twisted()
	return nil
}

// edit lets a fault change what the brain said.
func (x *exchange) edit(said *Reply) {
	if x.call.Edit == nil {
		return
	}
	out := fault.Said{Text: said.Text, Refusal: said.Refusal, Finish: said.Finish, Cached: said.Cached, Unchecked: said.Unchecked}
	x.call.Edit(&out)
	said.Text, said.Refusal, said.Finish, said.Cached, said.Unchecked = out.Text, out.Refusal, out.Finish, out.Cached, out.Unchecked
	if x.call.Fault == nil { // there was nothing to change
		x.entry.Fault = ""
	}
}

// ask calls the brain; its panic is an error.
func (x *exchange) ask() (said Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return x.model.Brain(x.r.Context(), *cmp.Or(x.heard, &x.entry.Request))
}

// shape cuts a text as stop, max_tokens and the model's context ask for.
func (x *exchange) shape(said Reply) reply {
	out := reply{refusal: said.Refusal != ""}
	usual := "stop"
	for i, c := range said.ToolCalls {
		usual = "tool_calls"
		id := cmp.Or(c.ID, fmt.Sprintf("call_%s_%d", strings.TrimPrefix(x.entry.ID, "req_"), i))
		out.calls = append(out.calls, fmt.Sprintf(`"id":%s,"type":"function","function":{"name":%s,"arguments":%s}}`, wire.Quote(id), wire.Quote(c.Name), wire.Quote(c.Arguments)))
		out.more += 8 + len(token.Split(c.Name+c.Arguments))
	}
	out.finish = cmp.Or(said.Finish, usual)
	text := strings.ToValidUTF8(cmp.Or(said.Refusal, said.Text), "\uFFFD")
	for _, stop := range x.entry.Request.Stop {
		text, _, _ = strings.Cut(text, stop)
	}
	out.tokens = token.Split(text)
	most := x.entry.Request.MaxTokens
	if room := x.model.Context - x.entry.Usage.In; x.model.Context > 0 && (most == 0 || room < most) {
		most = max(room, 1)
	}
	if most > 0 && len(out.tokens) > most {
		out.tokens = out.tokens[:most]
		out.finish = "length"
	}
	return out
}

// longest is how many tokens the longest reply has.
func (x *exchange) longest() (n int) {
	for _, r := range x.reply {
		n = max(n, len(r.tokens))
	}
	return n
}

// sleep waits until so long after the request's arrival. It says whether the
// client is still there.
func (x *exchange) sleep(until time.Duration) bool {
	return wire.Pause(x.r.Context(), until-time.Since(x.entry.Arrived))
}

// head sets the headers that every reply has.
func (x *exchange) head(kind string) {
	h := x.w.Header()
	h.Set("Content-Type", cmp.Or(x.call.Kind, kind))
	h.Set("X-Request-Id", x.entry.ID)
	h.Set("Openai-Version", "2020-10-01")
	h.Set("Openai-Processing-Ms", strconv.FormatInt(time.Since(x.entry.Arrived).Milliseconds(), 10))
}

// fail answers with an error, which costs nothing, unless nobody is there any more.
func (x *exchange) fail(err *wire.Error) {
	x.entry.Error, x.entry.Charge, x.entry.Usage = err.Error(), false, Usage{}
	if errors.Is(x.r.Context().Err(), context.Canceled) {
		return
	}
	wire.SetHeader(x.w, err.Header)
	x.send("application/json", cmp.Or(err.Status, http.StatusInternalServerError), err.Body())
}

// send answers with a whole body. The entry goes into the log first, so that
// a client that has the reply finds it there.
func (x *exchange) send(kind string, status int, body []byte) {
	x.head(kind)
	x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	x.entry.Status = status
	if x.twist != nil { // a fault may hold or cut what follows
		x.w.Header().Del("Content-Length")
		x.w.WriteHeader(status)
		x.twist.Send(string(body))
		return
	}
	x.close()
	x.w.WriteHeader(status)
	_, _ = x.w.Write(body) // a client that leaves now has been served as far as we know
}

// close ends the request in the log; once.
func (x *exchange) close() {
	if x.ended {
		return
	}
	x.ended = true
	e := x.entry
	defer func() {
		for _, leave := range x.left {
			leave()
		}
	}()
	e.Ended = time.Now()
	e.Cancelled = x.r.Context().Err() != nil && !x.dropped
	served := ""
	if x.model != nil {
		served = x.model.ID
		if p := x.model.Price; p != nil {
			e.Priced = true
			e.Cost = p.cost(e.Usage)
		}
	}
	for _, text := range []*string{&e.Path, &e.Error, &e.Request.Model} { // short, and likely to be printed
		*text = wire.Redact(*text, *e.keys)
	}
	x.s.log.end(e, served)
	if x.s.observe != nil {
		x.s.observe(*e)
	}
}
