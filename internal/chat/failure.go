package chat

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/db31e724/go-swarm/swarm"
)

// errWords is an error that is nothing but its text.
type errWords string

func (e errWords) Error() string { return string(e) }

const (
	errTold      errWords = "the server told an error" // never seen: x.problem holds it
	errNotOurs   errWords = "a request that no attempt made"
	errMalformed errWords = "the reply is not what a chat completion looks like"
	errTooLarge  errWords = "the reply is larger than any that is read"
	errIdle      errWords = "the stream fell silent"
	errFirst     errWords = "the stream did not begin in time"
)

// isOurs tells an error that this package found in what was read, which
// stands even if the reply seemed over.
func isOurs(err error) bool {
	return errors.Is(err, errMalformed) || errors.Is(err, errTooLarge)
}

// because is a cause under words of ours: the cause can be asked for by
// errors.Is, its text, which may name addresses, is not shown.
type because struct {
	words string
	cause error
}

func (e *because) Error() string { return e.words }
func (e *because) Unwrap() error { return e.cause }

func (c *Client) failure(class swarm.Class, status int, code string, err error) *swarm.CallError {
	return &swarm.CallError{Class: class, Status: status, Code: code, Model: c.model, Backend: c.name, Err: err}
}

// ended is the failure of an attempt whose context ended.
func (c *Client) ended(ctx context.Context) *swarm.CallError {
	err, cause := ctx.Err(), context.Cause(ctx)
	class, words := swarm.ClassCancelled, "the caller ended it"
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(cause, context.DeadlineExceeded) {
		class, words = swarm.ClassTimeout, "the attempt's time ran out"
	}
	if cause != nil && !errors.Is(cause, err) {
		err = errors.Join(err, cause)
	}
	return c.failure(class, 0, "", &because{words, err})
}

// broke is the failure of an attempt that met err, which is not an error told
// by the server.
func (c *Client) broke(ctx, call context.Context, x *exchange, err error) *swarm.CallError {
	e := c.brokeBy(ctx, call, err)
	e.Status = x.status
	return e
}

func (c *Client) brokeBy(ctx, call context.Context, err error) *swarm.CallError {
	switch {
	case isOurs(err):
		words := errMalformed
		if errors.Is(err, errTooLarge) {
			words = errTooLarge
		}
		return c.failure(swarm.ClassBroken, 0, "", words)
	case errors.Is(err, errIdle) || errors.Is(context.Cause(call), errIdle):
		return c.failure(swarm.ClassTimeout, 0, "", errIdle)
	case errors.Is(context.Cause(call), errFirst):
		return c.failure(swarm.ClassTimeout, 0, "", errFirst)
	case ctx.Err() != nil:
		return c.ended(ctx)
	case isSyntax(err):
		return c.failure(swarm.ClassBroken, 0, "", errMalformed)
	}
	if t, ok := errors.AsType[net.Error](err); ok && t.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return c.failure(swarm.ClassTimeout, 0, "", &because{"no answer in time", context.DeadlineExceeded})
	}
	return c.failure(swarm.ClassNetwork, 0, "", networkWords(err))
}

// networkWords says what happened to a connection, without addresses.
func networkWords(err error) error {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return errWords("no such host: check the base URL")
		}
		return errWords("the host's address could not be looked up")
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return errWords("the server's certificate is not valid here")
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return errWords("the server's certificate is signed by nobody known here")
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") {
		return errWords("the server does not speak TLS: is the base URL's https right?")
	}
	for _, k := range []struct {
		is    error
		words string
	}{
		{syscall.ECONNREFUSED, "connection refused"},
		{syscall.ECONNRESET, "connection reset"},
		{syscall.EPIPE, "connection closed while sending"},
		{syscall.EHOSTUNREACH, "no route to the host"},
		{syscall.ENETUNREACH, "network unreachable"},
		{syscall.EMFILE, "no file descriptors left for a connection"},
		{syscall.EADDRNOTAVAIL, "no local ports left for a connection"},
		{io.ErrUnexpectedEOF, "the connection ended in the middle of the reply"},
		{io.EOF, "the connection ended before a reply"},
		{net.ErrClosed, "the connection was closed"},
	} {
		if errors.Is(err, k.is) {
			return &because{k.words, k.is}
		}
	}
	return errWords("the connection failed")
}
