package mock

import (
	"net/http"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// Error is an error in the format of the real service. A brain may return one.
type Error struct {
	Status  int // HTTP status; 0: 500
	Message string
	Type    string // empty: "invalid_request_error" below 500, else "server_error"
	Param   string // empty: null
	Code    string // empty: null
	Header  http.Header
}

// Error returns status, code and message.
func (e *Error) Error() string { return e.wire().Error() }

func (e *Error) wire() *wire.Error {
	return &wire.Error{Status: e.Status, Message: e.Message, Type: e.Type, Param: e.Param, Code: e.Code, Header: e.Header}
}
