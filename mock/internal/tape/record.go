package tape

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// Recorder writes exchanges onto a cassette; see mock.Recorder.
type Recorder struct {
	upstream *url.URL

	mu  sync.Mutex
	out io.Writer
	n   int // of the last request
	did Recording
	err error // of writing; nothing is written after it
}

// Recording counts; see mock.Recording.
type Recording struct{ Requests, Written int }

// maxReply is how long a reply may be to be written.
const maxReply = 32 << 20

// NewRecorder makes a recorder for the server with that base URL.
func NewRecorder(upstream string, out io.Writer) (*Recorder, error) {
	u, err := url.Parse(strings.TrimRight(upstream, "/"))
	switch {
	case err != nil:
		return nil, fmt.Errorf("mock: record: the upstream is not a URL") // whose text may hold a key
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("mock: record: upstream %q is not an http or https URL", u.Redacted())
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("mock: record: upstream %s://%s%s has a user, a query or a fragment; give the base URL alone and the key apart", u.Scheme, u.Host, u.Path)
	}
	r := &Recorder{upstream: u, out: out}
	if f, ok := out.(cassetteFile); ok {
		if size, err := f.Seek(0, io.SeekEnd); err == nil && size > 0 { // no pipe, no terminal
			r.n, err = resume(f)
			return r, err
		}
	}
	if _, err := out.Write([]byte(head + "\n")); err != nil {
		return nil, fmt.Errorf("mock: record: %w", err)
	}
	return r, nil
}

// cassetteFile is an *os.File.
type cassetteFile interface {
	io.ReadWriteSeeker
	Truncate(size int64) error
}

// resume puts a file behind its last whole line and returns the number of the
// last exchange.
func resume(f cassetteFile) (last int, err error) {
	if _, err = f.Seek(0, io.SeekStart); err != nil {
		return 0, fmt.Errorf("mock: record: %w", err)
	}
	tape, whole, err := readTape(f, maxCassetteBytes)
	if err != nil {
		return 0, err
	}
	for _, t := range tape {
		last = max(last, t.N)
	}
	if err := f.Truncate(whole); err != nil {
		return 0, fmt.Errorf("mock: record: %w", err)
	}
	if _, err = f.Seek(whole, io.SeekStart); err != nil {
		return 0, fmt.Errorf("mock: record: %w", err)
	}
	return last, nil
}

// Recorded is what the recorder did so far, and the error that ended its
// writing.
func (r *Recorder) Recorded() (Recording, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.did, r.err
}

// Serve passes one request on, by a transport and with a key, where there are
// any, in place of the client's.
func (r *Recorder) Serve(w http.ResponseWriter, in *http.Request, key string, transport http.RoundTripper) {
	r.mu.Lock()
	r.n++
	n := r.n
	r.did.Requests++
	r.mu.Unlock()
	began := time.Now()
	body, bad := wire.ReadBody(in, maxTaped)
	if bad != nil {
		bad.Send(w)
		return
	}
	t, keys := tape(in, body, wire.Secrets(http.Header{"Authorization": {"Bearer " + key}}, nil)...)
	t.N = n
	ctx, cancel := context.WithCancel(context.WithoutCancel(in.Context()))
	defer cancel()
	p := &passing{taped: t, last: began, pieces: [][]byte{}}
	defer context.AfterFunc(in.Context(), func() {
		if p.said.Load() {
			time.AfterFunc(lastWord, cancel)
		} else {
			cancel()
		}
	})()
	p.end = func() {
		if t.Cut && in.Context().Err() != nil {
			t.Cut, t.Left = false, true
		}
		if p.pieces != nil {
			r.keep(t, p.pieces, keys)
		}
	}
	var failed error
	proxy := httputil.ReverseProxy{
		Transport: transport, FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0),
		Rewrite: func(p *httputil.ProxyRequest) { r.address(p, key) },
		ModifyResponse: func(resp *http.Response) error {
			if kind := resp.Header.Get("Content-Encoding"); kind != "" && kind != "identity" {
				return fmt.Errorf("it compresses by %.20q, unasked; this cannot be recorded", kind)
			}
			t.Status, t.Length, t.Header = resp.StatusCode, resp.ContentLength >= 0, wire.CleanHeader(resp.Header, keys)
			delete(t.Header, "Content-Length") // a key that is taken out changes it
			p.ReadCloser, p.length = resp.Body, resp.ContentLength
			resp.Body = p
			return nil
		},
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) { failed = err },
	}
	asked := in.WithContext(ctx)
	asked.Body, asked.ContentLength, asked.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	w.Header()["Content-Type"] = nil // or net/http guesses one
	proxy.ServeHTTP(w, asked)
	if failed != nil {
		t.Left = in.Context().Err() != nil
		t.Cut = !t.Left && (errors.Is(failed, io.EOF) || errors.Is(failed, io.ErrUnexpectedEOF) || errors.Is(failed, syscall.ECONNRESET) || errors.Is(failed, syscall.EPIPE))
		if t.Left || t.Cut {
			r.keep(t, nil, keys)
		} else {
			(&wire.Error{Status: http.StatusBadGateway, Type: "server_error", Code: "upstream_failed", Message: wire.Redact(fmt.Sprintf("The upstream %s gave no reply: %v", r.upstream.Host, failed), keys)}).Send(w)
		}
	}
	if t.Cut || t.Left {
		panic(http.ErrAbortHandler)
	}
}

// address sends a request to the upstream, with the key where there is one.
func (r *Recorder) address(p *httputil.ProxyRequest, key string) {
	u, path := *r.upstream, p.In.URL.Path
	if rest, ok := strings.CutPrefix(path, "/v1"); ok && (rest == "" || rest[0] == '/') {
		path = rest
	}
	u.Path += path
	u.RawQuery = p.In.URL.RawQuery
	p.Out.URL, p.Out.Host = &u, ""
	p.Out.Header.Set("Accept-Encoding", "identity") // or keys in bodies could not be found
	if key != "" {
		for name := range p.Out.Header {
			if wire.SecretHeader(name) {
				p.Out.Header.Del(name)
			}
		}
		p.Out.Header.Set("Authorization", "Bearer "+key)
	}
}
