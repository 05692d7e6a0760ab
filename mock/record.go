package mock

import (
	"io"
	"net/http"

	"github.com/db31e724/go-swarm/mock/internal/tape"
)

// Recorder forwards requests to a real server and records the replies on a
// cassette, which replays them without the server. It is an http.Handler, safe for
// concurrent use.
//
// Requests to /v1/… go to the upstream's base URL. Replies are forwarded as they
// arrive. An exchange is written as a whole when its reply has ended, before the
// client sees that end, so that a crash loses only exchanges in progress. Broken
// connections are forwarded and recorded too. Requests whose upstream could not be
// reached and replies longer than 32 MiB are not recorded: Recorded counts fewer
// exchanges written than requests.
//
// Keys, cookies and account names are removed from headers and queries, and a key
// that a body repeats is replaced there. A key that a model writes token by token,
// each in its own event, is not found.
type Recorder struct {
	// Key is sent to the upstream in place of the client's key. Empty: the client's
	// key is sent. Set it before the first request.
	Key string
	// Transport makes the upstream requests; nil: a plain one. Redirects are passed
	// on to the client and never followed.
	Transport http.RoundTripper

	tape *tape.Recorder
}

// Recording counts what a recorder did.
type Recording struct {
	Requests int // that came
	Written  int // exchanges written, not counting earlier recordings
}

// NewRecorder returns a recorder for the server with that base URL, such as
// "https://api.example.com/v1". It writes to out. If out has a Truncate method, as
// an *os.File opened for reading and writing has, and holds a cassette, that is
// continued; otherwise a new one begins.
func NewRecorder(upstream string, out io.Writer) (*Recorder, error) {
	t, err := tape.NewRecorder(upstream, out)
	if err != nil {
		return nil, err
	}
	return &Recorder{tape: t}, nil
}

// Recorded returns the counts so far, and the error that ended recording, if any.
func (r *Recorder) Recorded() (Recording, error) {
	did, err := r.tape.Recorded()
	return Recording(did), err
}

// ServeHTTP forwards one request. If the upstream's connection breaks or the client
// disconnects, it panics with http.ErrAbortHandler, as net/http requires.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	r.tape.Serve(w, in, r.Key, r.Transport)
}

// Cassette replays recorded exchanges, byte for byte and piece by piece,
// without a network. It is an http.Handler, safe for concurrent use.
//
// A request is answered by the recorded exchange with the same method, path, query
// and body. JSON bodies are compared by value: white space, the order of keys and
// the spelling of numbers do not matter, nor does the request's API key. The nth of
// equal requests gets the nth recorded reply; after the last one, the last reply
// that was not cut short by its client is repeated. If no exchange matches, the
// answer is 404 with code "no_recorded_exchange".
//
// If the recorded client disconnected in the middle of a reply, the replay stops
// there. After ten seconds it cuts the connection, unless the client disconnects
// before that.
type Cassette struct {
	// Timing delays each piece as long as the recorded server did. Otherwise pieces
	// are sent without delay. Set it before the first request.
	Timing bool

	tape tape.Cassette
}

// Replays counts what a cassette did.
type Replays struct {
	Recorded int // exchanges on the cassette
	Replayed int // requests answered
	Repeated int // part of Replayed: after the last recorded one
	Missed   int // requests that no exchange matches
	Unused   int // exchanges that no request has used yet
}

// ReadCassette reads what a Recorder wrote. An incomplete last line, as a crash
// leaves it, is skipped; anything else that is wrong is an error that names the
// line. A cassette may have up to 1 GiB and takes a small multiple of its size in
// memory.
func ReadCassette(from io.Reader) (*Cassette, error) {
	c := &Cassette{}
	if err := c.tape.Read(from); err != nil {
		return nil, err
	}
	return c, nil
}

// Replays returns the counts so far.
func (c *Cassette) Replays() Replays { return Replays(c.tape.Replays()) }

// ServeHTTP answers one request. If the recorded connection broke, or the client
// has disconnected, it panics with http.ErrAbortHandler, as net/http requires.
func (c *Cassette) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.tape.Serve(w, r, c.Timing) }
