package mock

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// Match is what calls are told that it holds for. Empty conditions hold for
// every call.
type Match struct {
	Model    string         // as the call names it
	Contains string         // stands in the last message
	Pattern  *regexp.Regexp // is found in the last message

	// Turns are given in sequence: the first call that it holds for gets the
	// first. A call for n choices takes n of them.
	Turns []Turn
	// Pass lets further calls go on to the next Match when the turns are used
	// up. Otherwise the last turn is given again and again.
	Pass bool
}

// Turn is what one call is told.
type Turn struct {
	Reply Reply
	Error *Error        // in place of a reply
	After time.Duration // so long after the brain was asked, beside which the model's latency runs
}

// last is the last message.
func (r *Request) last() string {
	if len(r.Messages) == 0 {
		return ""
	}
	return r.Messages[len(r.Messages)-1].Content
}

// holds says whether a call is one of those.
func (m *Match) holds(r Request) bool {
	last := r.last()
	return (m.Model == "" || m.Model == r.Model) &&
		strings.Contains(last, m.Contains) &&
		(m.Pattern == nil || m.Pattern.MatchString(last))
}

// Matching is a brain that gives the turns of the first match that holds for
// a call and has turns left, and asks another brain where there is none. Calls
// that come at once are served in order of arrival. A nil brain answers 404.
func Matching(otherwise Brain, matches ...Match) Brain {
	if otherwise == nil {
		otherwise = noReply
	}
	var mu sync.Mutex
	used := make([]int, len(matches))
	next := func(r Request) (Turn, bool) {
		mu.Lock()
		defer mu.Unlock()
		for i := range matches {
			m := &matches[i]
			if len(m.Turns) == 0 || m.Pass && used[i] == len(m.Turns) || !m.holds(r) {
				continue
			}
			if used[i] < len(m.Turns) {
				used[i]++
			}
			return m.Turns[used[i]-1], true
		}
		return Turn{}, false
	}
	return func(ctx context.Context, r Request) (Reply, error) {
		t, ok := next(r)
		if !ok {
			return otherwise(ctx, r)
		}
		if !wire.Pause(ctx, t.After) {
			return Reply{}, context.Cause(ctx)
		}
		if t.Error != nil {
			return Reply{}, t.Error
		}
		return t.Reply, nil
	}
}

// Echo is a brain that says the last message again, whatever form was asked
// for.
func Echo(_ context.Context, r Request) (Reply, error) {
	return Reply{Text: r.last(), Unchecked: true}, nil
}

// noReply is the brain of a model that has nothing but replies by match. Its
// error is one that clients do not try again.
func noReply(_ context.Context, r Request) (Reply, error) {
	return Reply{}, &Error{Status: http.StatusNotFound, Code: "no_reply_matches", Message: fmt.Sprintf("The mock has no reply for this call to %s; its last message begins %.80q.", r.Model, r.last())}
}
