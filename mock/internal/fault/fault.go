// Package fault is the catalogue of ways in which a model server goes wrong,
// as data in catalogue.json, and what makes each of them happen.
//
//	rule or header ─▶ Fault.Do(call) ─▶ a raw reply in the answer's place
//	                                 ├▶ another text of the brain's (Edit)
//	                                 └▶ other bytes of the answer (Twist, through Wire)
package fault

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// Fault is one way of going wrong; see mock.Fault.
type Fault struct {
	ID, Group, Name, Says string
	Recovery, Class       string
	MinGap                time.Duration
	Charged               bool
	Client                bool
	Watch                 string

	Do Do `json:"-"` // nil: no server can cause it
}

// Do makes a fault happen to a call.
type Do func(x *Call)

// Call is what a fault knows of a call, and below that what it does to it.
type Call struct {
	Model, Key, Host string
	Tokens           int // of the prompt
	MaxTokens        int
	Streamed, JSON   bool
	Hash             uint64 // of the body
	Attempt          int
	Proto            int          // of HTTP
	Conn             Conn         // the request's; a closed one where another server has it
	Turn             func() int64 // counts the calls that ask for it

	Fault  *Fault    // met
	Raw    *wire.Raw // in place of an answer
	Edit   func(r *Said)
	Twist  func(w *Wire, event string) string
	Kind   string // of the answer's content
	Slow   func(first, perToken time.Duration) (time.Duration, time.Duration)
	Window int           // tokens of the prompt that the model hears; 0: all
	Away   time.Duration // the server goes away for so long
	Flap   bool          // it goes and comes for a minute
}

// Conn is a call's connection.
type Conn interface {
	Write(p []byte) (int, error)
	Freeze()    // nothing is read from it any more
	CloseIdle() // it is closed when it is idle next
	GoAway()    // HTTP/2's word that no stream was served, and the end
}

// Said is what a brain said, as far as faults change it.
type Said struct {
	Text, Refusal, Finish string
	Cached                int
	Unchecked             bool
}

//go:embed catalogue.json
var rows []byte

// Catalogue is every fault, in the order of its IDs within a group.
var Catalogue []Fault

var byID = map[string]*Fault{}

func init() {
	var read []struct {
		Fault
		Gap string
		Do  []any // what to do, and with what
	}
	if err := json.Unmarshal(rows, &read); err != nil {
		panic(err) // the file is part of this package
	}
	Catalogue = make([]Fault, len(read))
	for i, r := range read {
		f := &Catalogue[i]
		*f = r.Fault
		f.MinGap, _ = time.ParseDuration(r.Gap) // likewise; 0 where it is left out
		if len(r.Do) > 0 {
			f.Do = deed(r.Do[0].(string), r.Do[1:])
		}
		byID[f.ID] = f
	}
}

// ByID finds a fault; nil: there is none.
func ByID(id string) *Fault { return byID[id] }

// IDs are the faults that an expression stands for; see mock.FaultIDs.
func IDs(expression string) []string {
	var out []string
	for _, f := range Catalogue {
		family := strings.TrimRight(f.ID, "abcdefghijklmnopqrstuvwxyz")
		if f.Do != nil && slices.Contains([]string{f.ID, family, f.Group, "*"}, expression) {
			out = append(out, f.ID)
		}
	}
	return out
}
