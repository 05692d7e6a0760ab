package chat

import (
	"cmp"
	"net"
	"net/http"
	"sync"
	"time"
)

// Transport is the http.RoundTripper of clients that bring none: an
// http.Transport for one pool of calls, whose connections grow old. A host is
// looked up anew at least every maxAge, so that a server that moves is
// followed, however busy its connections are. It is safe for concurrent use.
type Transport struct {
	conns int

	mu   sync.Mutex
	now  *http.Transport // the calls of the one before end there, and its connections soon after
	born time.Time       // of now
}

// maxAge is how long connections are given to new calls.
const maxAge = 5 * time.Minute

// NewTransport makes a transport for conns calls at a time to one host (0:
// 64). It keeps that many idle connections, for less time than common servers
// do (five seconds is usual), bounds dialling, probes silent HTTP/2 connections
// and obeys the proxy settings of the environment.
func NewTransport(conns int) *Transport { return &Transport{conns: cmp.Or(conns, 64)} }

// RoundTrip implements http.RoundTripper. Calls on an older transport end there.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	t.mu.Lock()
	if now := time.Now(); t.now == nil || now.Sub(t.born) >= maxAge {
		if t.now != nil {
			t.now.CloseIdleConnections()
		}
		t.now, t.born = dialling(t.conns), now
	}
	young := t.now
	t.mu.Unlock()
	return young.RoundTrip(req)
}

// CloseIdleConnections closes what no call uses.
func (t *Transport) CloseIdleConnections() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now != nil {
		t.now.CloseIdleConnections()
	}
}

func dialling(conns int) *http.Transport {
	dial := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dial.DialContext, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: conns, IdleConnTimeout: 4 * time.Second, TLSHandshakeTimeout: 10 * time.Second,
		ExpectContinueTimeout: time.Second, MaxResponseHeaderBytes: 256 << 10,
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
	}
}
