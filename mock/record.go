package mock

import (
	"io"
	"net/http"

	"github.com/db31e724/go-swarm/mock/internal/tape"
)

// Recorder passes requests on to a real server and writes what came back onto
// a cassette, which replays it without the server. It is an http.Handler, safe
// for concurrent use.
//
// Requests to /v1/… go to the upstream's base URL. Replies pass as they come;
// an exchange is written when its reply has ended, in one piece and before its
// client can know, so that a crash loses at most the exchanges at work. Broken
// connections are passed on and written too. Not written are requests whose
// upstream could not be reached, and replies longer than 32 MiB; Recorded
// counts them.
//
// Keys, cookies and the names of accounts are taken out of headers and queries,
// and where a key comes back in a body it is replaced there. A key that a model
// says in tokens, each in an event of its own, is not found.
type Recorder struct {
	// Key is sent to the upstream in place of the client's; empty: the client's
	// is. Set it before the first request.
	Key string
	// Transport reaches the upstream; nil: a plain one. Redirects are passed on
	// to the client and never followed.
	Transport http.RoundTripper

	tape *tape.Recorder
}

// Recording counts what a recorder did.
type Recording struct {
	Requests int // that came
	Written  int // exchanges on the cassette, those of earlier recordings not counted
	Skipped  int // requests that ended without one
}

// NewRecorder makes a recorder for the server with that base URL, such as
// "https://api.example.com/v1". It writes to out: a file that has Truncate, as
// an *os.File opened for reading and writing has, is continued where it holds a
// cassette already; anything else begins a new one.
func NewRecorder(upstream string, out io.Writer) (*Recorder, error) {
	t, err := tape.NewRecorder(upstream, out)
	if err != nil {
		return nil, err
	}
	return &Recorder{tape: t}, nil
}

// Recorded is what the recorder did so far, and the error that ended its
// writing.
func (r *Recorder) Recorded() (Recording, error) {
	did, err := r.tape.Recorded()
	return Recording(did), err
}

// ServeHTTP passes one request on. Where the upstream's connection breaks, or
// the client leaves, it panics with http.ErrAbortHandler, as net/http asks for.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	r.tape.Serve(w, in, r.Key, r.Transport)
}

// Cassette replays recorded exchanges, byte for byte and piece by piece,
// without a network. It is an http.Handler, safe for concurrent use.
//
// A request is answered by the exchange with its method, path, query and body.
// A body that is JSON is compared by what it says: white space, the order of
// keys and the spelling of numbers do not matter, nor does the key with which
// the request comes. Of equal requests the nth is answered as the nth was; past
// the last recorded one the last that no client left early is given again.
// Where none is equal the answer is 404, code "no_recorded_exchange".
//
// After what was recorded of a reply whose client left, nothing more comes until
// the client leaves, for ten seconds; then the connection is cut.
type Cassette struct {
	// Timing waits before each piece as long as the recorded server took.
	// Otherwise pieces follow each other at once. Set it before the first
	// request.
	Timing bool

	tape tape.Cassette
}

// Replays counts what a cassette did.
type Replays struct {
	Recorded int // exchanges on the cassette
	Replayed int // requests answered
	Repeated int // of them those past the last recorded one
	Missed   int // requests that no exchange is equal to
	Unused   int // exchanges that nobody asked for yet
}

// ReadCassette reads what a Recorder wrote. A last line without its end, as a
// crash leaves one, is passed over; anything else that is wrong is an error
// that names the line. A cassette may have 1 GiB; the memory taken is a small
// multiple of that.
func ReadCassette(from io.Reader) (*Cassette, error) {
	c := &Cassette{}
	if err := c.tape.Read(from); err != nil {
		return nil, err
	}
	return c, nil
}

// Replays is what the cassette did so far.
func (c *Cassette) Replays() Replays { return Replays(c.tape.Replays()) }

// ServeHTTP answers one request. Where the recorded connection broke, or the
// client has left, it panics with http.ErrAbortHandler, as net/http asks for.
func (c *Cassette) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.tape.Serve(w, r, c.Timing) }
