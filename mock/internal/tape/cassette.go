// Package tape records exchanges with a real server and replays them.
package tape

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// A cassette holds what a Recorder saw, as JSON lines: a header, then one
// exchange a line, each in the order in which they ended. Keys are taken out
// before anything is written.
//
//	{"cassette":"go-swarm/mock","version":1}
//	{"n":1,"method":"POST","path":"/v1/chat/completions","json":{…},"status":200,"headers":{…},"pieces":[{"after_us":812,"data":"…"}]}

const head = `{"cassette":"go-swarm/mock","version":1}`

// maxCassetteBytes bounds a cassette.
const maxCassetteBytes = 1 << 30

// taped is one exchange on a cassette.
type taped struct {
	N      int    `json:"n"` // requests are counted as they arrive
	Method string `json:"method"`
	Path   string `json:"path"`
	Query  string `json:"query,omitempty"`

	JSON   json.RawMessage `json:"json,omitempty"` // the request's body, in canonical form
	Text   string          `json:"text,omitempty"` // where it is not JSON
	Base64 []byte          `json:"base64,omitempty"`

	Status int                 `json:"status"` // 0: the connection broke, or the client left, before it
	Header map[string][]string `json:"headers,omitempty"`
	Length bool                `json:"content_length,omitempty"` // the reply told its length
	Pieces []tapedPiece        `json:"pieces,omitempty"`
	Cut    bool                `json:"cut,omitempty"`  // the connection broke after the last piece
	Left   bool                `json:"left,omitempty"` // the client left then
}

// tapedPiece is what came at once of a reply.
type tapedPiece struct {
	After  int64  `json:"after_us,omitempty"` // microseconds after the one before; the first: after the request
	Data   string `json:"data,omitempty"`
	Base64 []byte `json:"base64,omitempty"` // where it is not UTF-8
}

// request tells exchanges apart: those with the same are asked for by the same
// request.
func (t *taped) request() string {
	return fmt.Sprintf("%q %q %q %s%s%s", t.Method, t.Path, t.Query, t.JSON, t.Text, t.Base64)
}

//go:embed line.schema.json
var lineSchema []byte

// readLine reads an exchange, strictly.
func (t *taped) readLine(line []byte) error {
	n, err := wire.Parse(line)
	if err != nil {
		return err
	}
	if d := wire.Check(lineSchema, n); d != nil {
		return fmt.Errorf("%s: %s", d.Path(), d.Refusal().Message)
	}
	if err := json.Unmarshal(line, t); err != nil {
		return err
	}
	t.JSON, _ = canonical(t.JSON) // as it was written, unless by hand
	if t.Status == 0 && !t.Cut && !t.Left {
		return errors.New("status 0 without a break")
	}
	return nil
}

// canonical is JSON with its keys in order, without white space, numbers and
// texts in one spelling. It says no where the body is not JSON that everybody
// reads alike.
func canonical(body []byte) ([]byte, bool) {
	n, err := wire.Parse(body)
	if err != nil {
		return nil, false
	}
	line, err := wire.JSON(plainNumbers(n.Value()))
	return bytes.TrimSpace(line), err == nil
}

// plainNumbers spells 1, 1.0 and 1e0 alike; whole numbers that a float cannot
// hold stay as they are.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = plainNumbers(e)
		}
	case []any:
		for i, e := range v {
			v[i] = plainNumbers(e)
		}
	case json.Number:
		if f, err := v.Float64(); err == nil && (math.Abs(f) < 1<<53 || f != math.Trunc(f)) {
			return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
		}
	}
	return v
}
