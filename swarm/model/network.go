package model

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

// NetworkError makes the error of an attempt that met err while it sent its
// request or read its reply: a connection that failed or was cut, or the end of
// ctx. Its text names no address.
func NetworkError(ctx context.Context, err error) *swarm.CallError {
	cause := context.Cause(ctx)
	t, ok := errors.AsType[net.Error](err)
	switch {
	case cause != nil && (errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(cause, context.DeadlineExceeded)):
		return &swarm.CallError{Class: swarm.ClassTimeout, Err: &because{"the attempt's time ran out", Ended(ctx)}}
	case cause != nil:
		return &swarm.CallError{Class: swarm.ClassCancelled, Err: &because{"the caller ended it", Ended(ctx)}}
	case ok && t.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return &swarm.CallError{Class: swarm.ClassTimeout, Err: &because{"no answer in time", context.DeadlineExceeded}}
	}
	return &swarm.CallError{Class: swarm.ClassNetwork, Err: networkWords(err)}
}

// Unreached says that err came before a connection stood, so that nothing was
// sent: an [API] sets Reply.Unsent by it.
func Unreached(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// Ended returns why ctx ended: its cause, which the context's own error can be
// asked for in every case.
func Ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return &ended{cause, err}
}

type ended struct{ cause, err error }

func (e *ended) Error() string   { return e.cause.Error() }
func (e *ended) Unwrap() []error { return []error{e.cause, e.err} }

// because is a cause under words of ours: the cause can be asked for by
// errors.Is, its text, which may name addresses, is not shown.
type because struct {
	words string
	cause error
}

func (e *because) Error() string { return e.words }
func (e *because) Unwrap() error { return e.cause }

// networkWords says what happened to a connection, without addresses.
func networkWords(err error) error {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return errors.New("no such host: check the base URL")
		}
		return errors.New("the host's address could not be looked up")
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return errors.New("the server's certificate is not valid here")
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return errors.New("the server's certificate is signed by nobody known here")
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") {
		return errors.New("the server does not speak TLS: is the base URL's https right?")
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
	return errors.New("the connection failed")
}
