package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/db31e724/go-swarm/mock"
)

// runMock serves the mock, or a recording or replay of a real server, until
// ctx ends. Its first line on standard output is "listening on URL", its last
// what was served.
func runMock(ctx context.Context, args []string, stdout, stderr io.Writer, getenv func(string) string) int {
	s, err := parse(args, stderr, getenv)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		fmt.Fprintln(stderr, "swarm mock:", err)
		return exitUsage
	}
	requests := log.New(io.Discard, "", log.Ltime|log.Lmicroseconds)
	if s.log {
		requests.SetOutput(stderr)
	}
	serve := serveModels
	switch {
	case s.record != "":
		serve = serveRecorder
	case s.replay != "":
		serve = serveCassette
	}
	if err := serve(ctx, s, stdout, stderr, requests); err != nil {
		fmt.Fprintln(stderr, "swarm mock:", err)
		return exitFailed
	}
	return exitOK
}

// serveModels serves the mock's own models.
func serveModels(ctx context.Context, s settings, stdout, stderr io.Writer, requests *log.Logger) error {
	c, err := s.served()
	if err != nil {
		return err
	}
	c.Observe = func(e mock.Entry) { requests.Print(line(e)) }
	server := mock.NewHandler(c)
	if err := server.Listen(s.addr); err != nil {
		return err
	}
	greet(stdout, stderr, s.addr, server.URL(), c.Key)
	<-ctx.Done()
	err = server.Close()
	fmt.Fprintln(stdout, bill(server))
	return err
}

// greet says where the server listens, and warns of one that is open to all.
func greet(stdout, stderr io.Writer, addr, url, key string) {
	fmt.Fprintln(stdout, "listening on", url)
	host, _, _ := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); key == "" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		fmt.Fprintln(stderr, "swarm mock: other machines may reach it, and no key is asked for; set", envKey)
	}
}

// bill is the bill in one line.
func bill(s *mock.Server) string {
	bills := s.Bill()
	var parts []string
	var total int64
	for _, id := range slices.Sorted(maps.Keys(bills)) {
		b := bills[id]
		total += b.Cost
		part := fmt.Sprintf("%s: %s, %d refused, %d + %d tokens", id, count(b.Calls, "call"), b.Refused, b.Usage.In, b.Usage.Out)
		if b.Unpriced < b.Calls {
			part += fmt.Sprintf(", $%.6f", b.Dollars())
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return "no model was asked"
	}
	return fmt.Sprintf("served $%.6f in all; %s", float64(total)/1e9, strings.Join(parts, "; "))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// plain is what clients chose, so that it neither breaks a line nor steers a
// terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// line tells of a request to the mock's own models. The mock takes keys out of
// what stands in it.
func line(e mock.Entry) string {
	text := fmt.Sprintf("%s %s %.64s %.64s %d in %s", e.ID, e.Method, e.Path, e.Request.Model, e.Status, e.Ended.Sub(e.Arrived).Round(100*time.Microsecond))
	if e.Charge {
		text += fmt.Sprintf(", %d + %d tokens", e.Usage.In, e.Usage.Out)
	}
	if e.Streamed {
		text += ", streamed"
	}
	if e.Attempt > 1 {
		text += fmt.Sprintf(", attempt %d", e.Attempt)
	}
	if e.Fault != "" {
		text += ", fault " + e.Fault
	}
	if e.Cancelled {
		text += ", the client left"
	}
	if e.Error != "" {
		text += fmt.Sprintf(", %.200s", e.Error)
	}
	return plain(text)
}
