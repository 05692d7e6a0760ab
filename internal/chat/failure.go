package chat

import (
	"context"
	"errors"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

var (
	errTold      = errors.New("the server told an error") // never seen: x.problem holds it
	errMalformed = errors.New("the reply is not what a chat completion looks like")
	errTooLarge  = errors.New("the reply is larger than any that is read")
)

func (c *Client) failure(class swarm.Class, status int, err error) *swarm.CallError {
	return &swarm.CallError{Class: class, Status: status, Model: c.model, Backend: c.name, Err: err}
}

// refusal is the failure of an attempt that the server answered with an
// error, by its status or inside a reply. It may teach (see model.Learned).
func (c *Client) refusal(x *exchange) *swarm.CallError {
	r := x.r
	r.MaxOut = x.way.out(&r)
	e := x.problem.CallError(r, x.status, x.header, c.secrets...)
	e.Model, e.Backend = c.model, c.name
	if what, ok := c.learn(x, e.Class); ok {
		e.Class, e.Err = swarm.ClassInvalid, &model.Learned{What: what, Err: e.Err}
	}
	return e
}

// broke is the failure of an attempt that met err, which is not an error told
// by the server.
func (c *Client) broke(ctx context.Context, status int, err error) *swarm.CallError {
	for _, own := range []error{errTooLarge, errMalformed} {
		if errors.Is(err, own) {
			return c.failure(swarm.ClassBroken, status, own)
		}
	}
	e := model.NetworkError(ctx, err)
	return c.failure(e.Class, status, e.Err)
}
