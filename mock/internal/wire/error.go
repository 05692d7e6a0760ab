package wire

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Error is an error in the shape of the real service.
type Error struct {
	Status  int // 0: 500
	Message string
	Type    string // empty: by the status
	Param   string // empty: null
	Code    string // empty: null
	Header  http.Header
	Cause   error // for the log, not for the client
}

// Error says status, code and message.
func (e *Error) Error() string {
	switch {
	case e.Cause != nil:
		return fmt.Sprintf("%d: %v", e.status(), e.Cause)
	case e.Code != "":
		return fmt.Sprintf("%d %s: %s", e.status(), e.Code, e.Message)
	}
	return fmt.Sprintf("%d: %s", e.status(), e.Message)
}

func (e *Error) status() int { return cmp.Or(e.Status, http.StatusInternalServerError) }

// Body is the error as sent: all four keys stand in it, param and code null
// where there is none.
func (e *Error) Body() []byte {
	kind := "invalid_request_error"
	if e.status() >= 500 {
		kind = "server_error"
	}
	orNull := func(s string) string {
		if s == "" {
			return "null"
		}
		return Quote(s)
	}
	const form = "{\n  \"error\": {\n    \"message\": %s,\n    \"type\": %s,\n    \"param\": %s,\n    \"code\": %s\n  }\n}\n"
	return fmt.Appendf(nil, form, Quote(e.Message), Quote(cmp.Or(e.Type, kind)), orNull(e.Param), orNull(e.Code))
}

// Send answers with the error.
func (e *Error) Send(w http.ResponseWriter) {
	SetHeader(w, e.Header)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.status())
	_, _ = w.Write(e.Body()) // a client that leaves now has been served as far as we know
}

// SetHeader puts headers in place of those of the same name.
func SetHeader(w http.ResponseWriter, h map[string][]string) {
	for k, vs := range h {
		w.Header()[http.CanonicalHeaderKey(k)] = vs
	}
}

// Failed is a 500 whose cause only the log tells.
func Failed(cause error) *Error {
	return &Error{Status: http.StatusInternalServerError, Cause: cause, Message: "The server had an error while processing your request (the mock's log says which)."}
}

// Bad is a 400 about one parameter; code and param may be empty.
func Bad(param, code, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Param: param, Code: code, Message: fmt.Sprintf(format, args...)}
}

// ReadBody reads a request's body of at most so many bytes.
func ReadBody(r *http.Request, most int64) ([]byte, *Error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, most))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return body, &Error{Status: http.StatusRequestEntityTooLarge, Code: "request_too_large", Message: fmt.Sprintf("The request is larger than %d bytes.", most)}
	}
	if err != nil {
		return body, Bad("", "", "The body of your request could not be read.")
	}
	return body, nil
}

// Pause waits, and says whether the context still holds then.
func Pause(ctx context.Context, d time.Duration) bool {
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil
}

// JSON is a value as a line of JSON, with <, > and & as they are.
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}
