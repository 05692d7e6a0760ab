package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
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

func (e *Error) status() int {
	if e.Status == 0 {
		return http.StatusInternalServerError
	}
	return e.Status
}

// Body is the error as sent: all four keys stand in it, param and code null
// where there is none.
func (e *Error) Body() []byte {
	kind := e.Type
	if kind == "" {
		kind = "invalid_request_error"
		if e.status() >= 500 {
			kind = "server_error"
		}
	}
	type inner struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    *string `json:"code"`
	}
	in := inner{Message: e.Message, Type: kind}
	if e.Param != "" {
		in.Param = &e.Param
	}
	if e.Code != "" {
		in.Code = &e.Code
	}
	b, _ := json.MarshalIndent(map[string]inner{"error": in}, "", "  ") // strings alone: cannot fail
	return append(b, '\n')
}

// Send answers with the error.
func (e *Error) Send(w http.ResponseWriter) {
	for k, vs := range e.Header {
		w.Header()[http.CanonicalHeaderKey(k)] = vs
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.status())
	_, _ = w.Write(e.Body()) // a client that leaves now has been served as far as we know
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
