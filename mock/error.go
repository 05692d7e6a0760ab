package mock

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Error is an error in the shape of the real service. A brain may return one.
type Error struct {
	Status  int // HTTP status; 0: 500
	Message string
	Type    string // empty: "invalid_request_error" below 500, else "server_error"
	Param   string // empty: null
	Code    string // empty: null
	Header  http.Header

	cause error // for the log, not for the client
}

// Error says status, code and message.
func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%d: %v", e.status(), e.cause)
	}
	if e.Code != "" {
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

// body is the error as sent: all four keys stand in it, param and code null
// where there is none.
func (e *Error) body() []byte {
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

// failed is a 500 whose cause only the log tells.
func failed(cause error) *Error {
	return &Error{
		Status: http.StatusInternalServerError, cause: cause,
		Message: "The server had an error while processing your request (the mock's log says which).",
	}
}

// bad is a 400 about one parameter; code and param may be empty.
func bad(param, code, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Param: param, Code: code, Message: fmt.Sprintf(format, args...)}
}

// wrongType is the 400 for a value of another type than asked.
func wrongType(path, want string, got node) *Error {
	return bad(path, "invalid_type", "Invalid type for '%s': expected %s, but got %s instead.", path, want, got.kindName())
}
