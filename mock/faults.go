package mock

import (
	"strings"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/fault"
	"github.com/db31e724/go-swarm/mock/internal/token"
	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// Fault is one way in which a model server, or the network to it, fails.
type Fault struct {
	ID    string // F01 to F59, seen with real providers, with letters for variants; X…: further ones
	Group string // A waiting, B retries, C streams, D replies that lie, E connections, F cancels, G fan-out, H plans, I money, J secrets, X others
	Name  string
	Says  string // what it stands for, and what it tests in a client

	Recovery Recovery
	// Class is the kind of failure that a client should report: rate-limited,
	// overloaded, server, network, timeout, broken, quota, auth, not-found,
	// invalid, context-too-long, cut, refused, filtered. Empty: none.
	Class   string
	MinGap  time.Duration // how long the server asks the client to wait
	Charged bool          // the model worked, so the call is in the bill

	Client bool   // happens only in a client; no server can cause it
	Watch  string // for faults that depend on the client: where the server's log shows what the client did; the server answers normally, or as Says describes
}

// Recovery says how a client can recover from a fault.
type Recovery string

const (
	Unharmed  Recovery = "unharmed"  // the reply is complete: use it and do not repeat the call
	Again     Recovery = "again"     // the same call may succeed if repeated after MinGap or later
	Elsewhere Recovery = "elsewhere" // this backend keeps failing; another may serve the call
	Changed   Recovery = "changed"   // a changed call may succeed: a shorter prompt, a larger token limit, or a hint at what was wrong
	Never     Recovery = "never"     // the call must end with an error that says why
)

// Faults returns the catalogue: the faults that this server can cause, and those
// that only a client can (Fault.Client).
func Faults() []Fault {
	out := make([]Fault, len(fault.Catalogue))
	for i, f := range fault.Catalogue {
		out[i] = Fault{f.ID, f.Group, f.Name, f.Says, Recovery(f.Recovery), f.Class, f.MinGap, f.Charged, f.Client, f.Watch}
	}
	return out
}

// FaultIDs returns the IDs that an expression stands for: an ID ("F15a"), a fault
// with all its variants ("F15"), a group ("C"), or "*" for all. Faults that no
// server can cause are left out.
func FaultIDs(expression string) []string { return fault.IDs(expression) }

// FaultRule causes faults in calls of chat completions. A rule applies to a call if
// all of its conditions hold; the first rule that applies is used.
//
// A call can also choose a fault itself, by the header X-Mock-Fault: F15a or a
// model name such as mock-small:F15a.
type FaultRule struct {
	// IDs are expressions for FaultIDs. If they name several faults, each call
	// draws one.
	IDs   []string
	Model string // only calls for this model; alone it makes a model that always fails
	// Rate is the fraction of calls that meet the rule, up to 1; 0: all. Which
	// calls is determined by the server's seed, the request's body and how often
	// that body was received before, not by the order of calls.
	Rate     float64
	Attempts int           // only the first Attempts times that the same body is received; 0: always
	Calls    []int         // only these calls, counted from 1 among those for Model
	From, To time.Duration // only calls that arrive in this time after the server's start; To 0: no end
	Over     int           // only calls whose prompt has more than Over tokens
	Max      int           // most times that the rule applies; 0: no limit
}

// choose finds the fault that the call itself asks for, and takes it out of
// the model's name.
func (x *exchange) choose() *wire.Error {
	req := &x.entry.Request
	id := strings.TrimSpace(x.r.Header.Get("X-Mock-Fault"))
	if i := strings.LastIndex(req.Model, ":"); i >= 0 && x.s.models[req.Model] == nil && x.s.models[req.Model[:i]] != nil {
		req.Model, id = req.Model[:i], req.Model[i+1:]
	}
	if id == "" {
		return nil
	}
	x.asked = fault.ByID(id)
	if x.asked == nil || x.asked.Do == nil {
		return wire.Bad("X-Mock-Fault", "", "%v", fault.Unknown(id))
	}
	return nil
}

// strike lets the call meet a fault.
func (x *exchange) strike() *wire.Error {
	if x.s.wrong != nil {
		return wire.Failed(x.s.wrong)
	}
	host, _, _ := strings.Cut(x.r.Host, ":")
	e, c := x.entry, &x.call
	*c = fault.Call{
		Model: x.model.ID, Key: bearer(x.r), Host: host, Tokens: e.Usage.In, MaxTokens: e.Request.MaxTokens,
		Streamed: e.Streamed, JSON: e.Request.JSON, Hash: x.hash, Attempt: e.Attempt,
		Proto: x.r.ProtoMajor, Conn: x.socket(), Turn: func() int64 { return x.s.reverse.Add(1) },
	}
	c.Fault = x.asked
	for i := 0; c.Fault == nil && i < len(x.s.rules); i++ {
		c.Fault = x.s.rules[i].Meets(c, e.Arrived.Sub(x.s.began), x.s.seed, i)
	}
	if c.Fault == nil {
		return nil
	}
	e.Fault = c.Fault.ID
	c.Fault.Do(c)
	switch {
	case c.Away > 0:
		x.left = append(x.left, func() { x.s.GoAway(c.Away) })
	case c.Flap:
		x.left = append(x.left, x.s.flap)
	case c.Window > 0:
		x.forget(c.Window)
	}
	if x.raw = c.Raw; x.raw != nil {
		e.Charge = c.Fault.Charged
		if !e.Charge {
			e.Usage = Usage{}
		}
	}
	return nil
}

// forget cuts the prompt to so many tokens, oldest first, system messages
// last, as servers do that roll their context.
func (x *exchange) forget(window int) {
	over := x.entry.Usage.In - window
	if over <= 0 {
		x.entry.Fault = ""
		return
	}
	x.entry.Usage.In, x.entry.Usage.Cached, x.blocks = window, 0, nil
	heard := x.entry.Request
	heard.Messages = append([]Message(nil), heard.Messages...)
	for i := 0; i < len(heard.Messages) && over > 0; i++ {
		m := &heard.Messages[i]
		if m.Role == "system" || m.Role == "developer" {
			continue
		}
		for over > 0 && m.Content != "" {
			word, n := token.Next(m.Content)
			m.Content = m.Content[len(word):]
			over -= n
		}
	}
	x.heard = &heard
}

// twisted lets a fault change the answer's bytes, once it is known what will
// be said.
func (x *exchange) twisted() {
	if x.call.Twist == nil || x.raw != nil {
		return
	}
	x.twist = &fault.Wire{
		Out: x.w, Call: &x.call, Half: len(x.reply) * (1 + x.longest()/2),
		Sleep:  func(d time.Duration) bool { return wire.Pause(x.r.Context(), d) },
		Finish: x.finish,
		Used:   func() (in, out int) { return x.entry.Usage.In, x.entry.Usage.Out },
	}
}

// finish ends a reply in one of the ways a reply can end.
func (x *exchange) finish(e wire.End) {
	switch e {
	case wire.Cut, wire.Reset:
		if x.cut = true; e == wire.Reset {
			x.reset()
		}
	case wire.Hold:
		<-x.r.Context().Done()
	}
}

// maxBodies is how many bodies are remembered, in each of two generations.
const maxBodies = 65_536

// attempt counts how often a body came, of the newest bodies.
func (s *Server) attempt(hash uint64) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, _ := s.bodies.Get(hash)
	s.bodies.Put(hash, n+1, maxBodies)
	return n + 1
}
