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

// NetworkError returns the error of an attempt that got err while it sent its
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

// Unreached reports whether err happened before a connection was made, so that
// nothing was sent. An [API] sets Reply.Unsent by it.
func Unreached(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial" || is[*net.DNSError](err) || is[*tls.CertificateVerificationError](err) || plainHTTP(err)
}

// is says that there is an error of a type in err.
func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// plainHTTP says that a server does not speak TLS.
func plainHTTP(err error) bool {
	return is[tls.RecordHeaderError](err) || err != nil && strings.Contains(err.Error(), "server gave HTTP response to HTTPS client")
}

// Ended returns the cause why ctx ended. errors.Is also finds the context's own
// error in it.
func Ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return &because{cause.Error(), errors.Join(cause, err)}
}

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
	dns, isDNS := errors.AsType[*net.DNSError](err)
	errno, ok := errors.AsType[syscall.Errno](err)
	switch {
	case isDNS && dns.IsNotFound:
		return errors.New("no such host: check the base URL")
	case isDNS:
		return errors.New("the host's address could not be looked up")
	case is[*tls.CertificateVerificationError](err), is[x509.UnknownAuthorityError](err):
		return errors.New("the server's certificate is not valid here, or signed by nobody known here")
	case ok:
		return errno // it says what happened, and not where
	case plainHTTP(err):
		return errors.New("the server does not speak TLS: is the base URL's https right?")
	}
	for _, k := range []because{
		{"the connection ended in the middle of the reply", io.ErrUnexpectedEOF},
		{"the connection ended before a reply", io.EOF},
		{"the connection was closed", net.ErrClosed},
	} {
		if errors.Is(err, k.cause) {
			return &k
		}
	}
	return errors.New("the connection failed")
}
