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

// Match applies to calls that meet all its conditions, and gives their replies.
// Empty conditions are met by every call.
type Match struct {
	Model    string         // the model's name in the call
	Contains string         // text in the last message
	Pattern  *regexp.Regexp // matches in the last message

	// Turns are used in sequence, one for each call that the match applies to. A
	// call for n choices uses n turns.
	Turns []Turn
	// Pass sends further calls to the next Match when the turns are used up.
	// Otherwise the last turn is repeated.
	Pass bool
}

// Turn is the reply to one call.
type Turn struct {
	Reply Reply
	Error *Error        // instead of a reply
	After time.Duration // least time from the brain's call to the reply; the model's latency runs at the same time
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

// Matching returns a brain that replies to a call with the next turn of the first
// match that applies to it and has turns left. If there is none it asks otherwise;
// a nil otherwise answers 404. Concurrent calls are served in order of arrival.
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

// Echo is a brain that returns the last message, whatever format was asked for.
func Echo(_ context.Context, r Request) (Reply, error) {
	return Reply{Text: r.last(), Unchecked: true}, nil
}

// noReply is the brain of a model that has nothing but replies by match. Its
// error is one that clients do not try again.
func noReply(_ context.Context, r Request) (Reply, error) {
	return Reply{}, &Error{Status: http.StatusNotFound, Code: "no_reply_matches", Message: fmt.Sprintf("The mock has no reply for this call to %s; its last message begins %.80q.", r.Model, r.last())}
}
