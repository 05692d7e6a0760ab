package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/mock"
)

// serveRecorder passes requests on to a real server and records them.
func serveRecorder(ctx context.Context, s settings, stdout, stderr io.Writer, requests *log.Logger) error {
	// Prompts and answers are for the eyes of the user alone.
	f, err := os.OpenFile(s.record, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := mock.NewRecorder(s.upstream, f)
	if err != nil {
		return fmt.Errorf("%s: %w", s.record, err)
	}
	r.Key = s.upstreamKey
	if err := serveHandler(ctx, s, stdout, stderr, requests, r); err != nil {
		return err
	}
	did, err := r.Recorded()
	fmt.Fprintf(stdout, "recorded %s of %s to %s\n", count(did.Written, "exchange"), count(did.Requests, "request"), s.record)
	return errors.Join(err, f.Close())
}

// serveCassette replays a recording.
func serveCassette(ctx context.Context, s settings, stdout, stderr io.Writer, requests *log.Logger) error {
	f, err := os.Open(s.replay)
	if err != nil {
		return err
	}
	defer f.Close()
	c, err := mock.ReadCassette(f)
	if err != nil {
		return fmt.Errorf("%s: %w", s.replay, err)
	}
	c.Timing = s.timing
	if err := serveHandler(ctx, s, stdout, stderr, requests, c); err != nil {
		return err
	}
	did := c.Replays()
	fmt.Fprintf(stdout, "replayed %s, %d of them past the last recorded; %d missed, %d of %s unused\n",
		count(did.Replayed, "request"), did.Repeated, did.Missed, did.Unused, count(did.Recorded, "exchange"))
	return nil
}

// serveHandler serves h until ctx ends.
func serveHandler(ctx context.Context, s settings, stdout, stderr io.Writer, requests *log.Logger, h http.Handler) error {
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		return err
	}
	web := &http.Server{Handler: logged(requests, guarded(s.key, h)), ReadHeaderTimeout: 30 * time.Second}
	greet(stdout, stderr, s.addr, "http://"+l.Addr().String()+"/v1", s.key)
	served := make(chan error, 1)
	go func() { served <- web.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if web.Shutdown(end) != nil { // somebody is still being served
		_ = web.Close()
	}
	<-served
	return nil
}

// guarded asks for a key, where there is one.
func guarded(key string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if key != "" && (!strings.EqualFold(scheme, "bearer") || subtle.ConstantTimeCompare([]byte(strings.TrimSpace(given)), []byte(key)) != 1) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, `{"error":{"message":"Incorrect API key provided.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// logged writes a line for each request.
func logged(requests *log.Logger, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		seen := &status{ResponseWriter: w}
		defer func() {
			requests.Print(plain(fmt.Sprintf("%s %.64s %d in %s", r.Method, r.URL.Path, seen.code, time.Since(began).Round(100*time.Microsecond))))
		}()
		h.ServeHTTP(seen, r)
	})
}

// status notes the status of a reply; 0: there was none.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

func (s *status) Write(p []byte) (int, error) {
	if s.code == 0 {
		s.code = http.StatusOK
	}
	return s.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController flush.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }
