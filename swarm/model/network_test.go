package model

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

func TestNetworkErrorNamesWhatHappenedAndNoAddress(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, c := range []struct {
		err       error
		class     swarm.Class
		words     string
		unreached bool
	}{
		{dial(syscall.ECONNREFUSED), swarm.ClassNetwork, "connection refused", true},
		{dial(&net.DNSError{Err: "no such host", Name: "host.test", IsNotFound: true}), swarm.ClassNetwork, "no such host", true},
		{dial(&net.DNSError{Err: "server misbehaving", Name: "host.test"}), swarm.ClassNetwork, "looked up", true},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, swarm.ClassNetwork, "connection reset", false},
		{io.ErrUnexpectedEOF, swarm.ClassNetwork, "middle of the reply", false},
		{errors.New("tls: server gave HTTP response to HTTPS client"), swarm.ClassNetwork, "TLS", true},
		{errors.New("host.test is odd"), swarm.ClassNetwork, "the connection failed", false},
		{context.DeadlineExceeded, swarm.ClassTimeout, "in time", false},
	} {
		e := NetworkError(t.Context(), c.err)
		if e.Class != c.class || !strings.Contains(e.Error(), c.words) || strings.Contains(e.Error(), "host.test") || Unreached(c.err) != c.unreached {
			t.Errorf("%v: %v, unreached %v", c.err, e, Unreached(c.err))
		}
	}
}

func TestNetworkErrorOfAnEndedContext(t *testing.T) {
	stop := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	if e := NetworkError(ctx, io.EOF); e.Class != swarm.ClassCancelled || !errors.Is(e, stop) || !errors.Is(e, context.Canceled) {
		t.Errorf("%+v", e)
	}
	late, over := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer over()
	if e := NetworkError(late, io.EOF); e.Class != swarm.ClassTimeout || !errors.Is(e, context.DeadlineExceeded) {
		t.Errorf("%+v", e)
	}
	if l := (&Learned{What: "x", Err: stop}); !errors.Is(l, stop) || l.Error() != "stopped" {
		t.Error(l)
	}
}

func TestProblemsInsideASuccessAreSeen(t *testing.T) {
	for body, class := range map[string]swarm.Class{
		`{"error":{"message":"busy","code":503}}`:                    swarm.ClassOverloaded,
		`{"error":"out of memory"}`:                                  swarm.ClassServer,
		`[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}]`:     swarm.ClassRateLimited,
		`{"object":"error","message":"rate limit","type":"x"}`:       swarm.ClassRateLimited,
		`{"detail":[{"loc":["body","model"],"msg":"missing"}]}`:      swarm.ClassServer,
		`<html>login</html>`:                                         swarm.ClassBroken,
		`data: {"choices":[]}`:                                       swarm.ClassBroken,
		`{"errors":["too many requests"]}`:                           swarm.ClassRateLimited,
		`{"error":true,"message":["overloaded","now"]}`:              swarm.ClassOverloaded,
		`{"error":{"type":"invalid_request_error","message":"bad"}}`: swarm.ClassInvalid,
	} {
		p := ProblemIn200([]byte(body))
		if p == nil || p.CallError(Request{}, 200, nil).Class != class {
			t.Errorf("%s: %+v, want %s", body, p, class)
		}
	}
	for _, well := range []string{``, `{"choices":[{}]}`, `{"usage":{}}`, `{"error":null,"choices":[]}`, `[1]`, `{"a":`} {
		if p := ProblemIn200([]byte(well)); p != nil {
			t.Errorf("%s: %+v", well, p)
		}
	}
}

func TestBackendIsPrintedWithoutItsKey(t *testing.T) {
	if b := (Backend{Model: "m", Key: "k"}); b.String() != "m" || b.GoString() != "m" {
		t.Error(b)
	}
	if b := (Backend{Name: "gpu", Model: "m"}); b.String() != "m at gpu" {
		t.Error(b)
	}
}
