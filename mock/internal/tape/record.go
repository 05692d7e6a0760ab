package tape

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
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

	mu   sync.Mutex
	out  io.Writer
	sync func() error // nil: out has none
	n    int          // of the last request
	did  Recording
	err  error // of writing; nothing is written after it
}

// Recording counts; see mock.Recording.
type Recording struct{ Requests, Written, Skipped int }

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
		if size, err := f.Seek(0, io.SeekEnd); err == nil { // no pipe, no terminal
			if r.sync = f.Sync; size > 0 {
				r.n, err = resume(f)
				return r, err
			}
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
	Sync() error
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
	written := false
	defer func() {
		if !written {
			r.mu.Lock()
			r.did.Skipped++
			r.mu.Unlock()
		}
	}()
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
	p := &passing{taped: t}
	defer context.AfterFunc(in.Context(), func() {
		if p.said.Load() {
			time.AfterFunc(lastWord, cancel)
		} else {
			cancel()
		}
	})()
	resp, err := r.send(in.WithContext(ctx), body, key, transport)
	if err != nil {
		t.Left = in.Context().Err() != nil
		t.Cut = !t.Left && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE))
		if t.Left || t.Cut {
			written = r.keep(t, nil, keys)
			panic(http.ErrAbortHandler)
		}
		(&wire.Error{Status: http.StatusBadGateway, Type: "server_error", Code: "upstream_failed", Message: wire.Redact(fmt.Sprintf("The upstream %s gave no reply: %v", r.upstream.Host, err), keys)}).Send(w)
		return
	}
	defer resp.Body.Close()
	t.Status, t.Length, t.Header = resp.StatusCode, resp.ContentLength >= 0, replyHeader(resp.Header, keys)
	p.ended = func() {
		if t.Cut && in.Context().Err() != nil {
			t.Cut, t.Left = false, true
		}
		if p.pieces != nil {
			written = r.keep(t, p.pieces, keys)
		}
	}
	p.pass(w, resp, began)
	if t.Cut || t.Left {
		panic(http.ErrAbortHandler)
	}
}

// send asks the upstream.
func (r *Recorder) send(in *http.Request, body []byte, key string, transport http.RoundTripper) (*http.Response, error) {
	u := *r.upstream
	path := in.URL.Path
	if rest, ok := strings.CutPrefix(path, "/v1"); ok && (rest == "" || rest[0] == '/') {
		path = rest
	}
	u.Path += path
	u.RawQuery = in.URL.RawQuery
	req, err := http.NewRequestWithContext(in.Context(), in.Method, u.String(), strings.NewReader(string(body)))
	if err != nil {
		return nil, err
	}
	req.Header = in.Header.Clone()
	for _, name := range hopByHop {
		req.Header.Del(name)
	}
	req.Header.Set("Accept-Encoding", "identity") // or keys in bodies could not be found
	if key != "" {
		for name := range req.Header {
			if wire.SecretHeader(name) {
				req.Header.Del(name)
			}
		}
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if transport == nil {
		transport = plain
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if kind := resp.Header.Get("Content-Encoding"); kind != "" && kind != "identity" {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("it compresses by %.20q, unasked; this cannot be recorded", kind)
	}
	return resp, nil
}

var plain = func() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableCompression = true
	return t
}()
