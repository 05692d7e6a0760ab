package mock

import (
	"slices"
	"strings"
	"time"
)

// Fault is one way in which a model server, or the road to it, goes wrong.
type Fault struct {
	ID    string // F01 to F59, met in the wild, with letters for their variants; X…: further ones
	Group string // A waiting, B retries, C streams, D replies that lie, E connections, F cancels, G fan-out, H plans, I money, J secrets, X others
	Name  string
	Says  string // what it stands for, and what of a client it tries

	Recovery Recovery
	// Class is the kind of failure that a client should name: rate-limited,
	// overloaded, server, network, timeout, broken, quota, auth, not-found,
	// invalid, context-too-long, cut, refused, filtered. Empty: none is due.
	Class   string
	MinGap  time.Duration // the server asks to be left alone for so long
	Charged bool          // the model worked: the call is in the bill

	Client bool   // lies in a client alone: no server can cause it
	Watch  string // it is a client's, and the server answers as ever or as said: where its log shows the client's part

	how how
}

// Recovery is what can become of a call that met a fault.
type Recovery string

const (
	Unharmed  Recovery = "unharmed"  // the answer is whole: it is to be taken and not asked for again
	Again     Recovery = "again"     // the same call may succeed when sent again, MinGap later at the earliest
	Elsewhere Recovery = "elsewhere" // this backend goes on failing, another may serve the call
	Changed   Recovery = "changed"   // a changed call may succeed: shorter, with more room, told what was wrong
	Never     Recovery = "never"     // it ends in an error that says so
)

// how makes a fault happen to a call: it sets what is sent in place of an
// answer, or what is done to the answer on its way out.
type how func(x *exchange)

// catalogue is every fault, in the order of its IDs within a group.
var catalogue = slices.Concat(faultsOfWaiting, faultsOfWaits, faultsOfRetries, faultsOfStreams, faultsOfReplies, faultsOfConnections,
	faultsOfRuns, faultsOfPlans, faultsOfMoney, faultsOfStatus, faultsOfShapes, faultsOfRoads, faultsOfBodies)

var faultByID = map[string]*Fault{}

func init() {
	for i := range catalogue {
		faultByID[catalogue[i].ID] = &catalogue[i]
	}
}

// Faults is the catalogue: what this server can do to a client, and what
// belongs to the same list though no server can cause it.
func Faults() []Fault { return slices.Clone(catalogue) }

// FaultIDs are the faults that an expression stands for: an ID ("F15a"), a
// row with all its variants ("F15"), a group ("C"), or "*" for all. Those that
// no server causes are left out.
func FaultIDs(expression string) []string {
	var out []string
	for _, f := range catalogue {
		if f.how == nil {
			continue
		}
		row, _ := strings.CutPrefix(f.ID, expression)
		variant := len(row) == 1 && row[0] >= 'a' && row[0] <= 'z' && len(expression) > 1
		if expression == "*" || f.ID == expression || f.Group == expression || variant {
			out = append(out, f.ID)
		}
	}
	return out
}
