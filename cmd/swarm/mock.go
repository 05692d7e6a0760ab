package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
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
	var log *lines
	if s.log {
		log = &lines{to: stderr}
	}
	serve := serveModels
	switch {
	case s.record != "":
		serve = serveRecorder
	case s.replay != "":
		serve = serveCassette
	}
	if err := serve(ctx, s, stdout, stderr, log); err != nil {
		fmt.Fprintln(stderr, "swarm mock:", err)
		return exitFailed
	}
	return exitOK
}

// serveModels serves the mock's own models.
func serveModels(ctx context.Context, s settings, stdout, stderr io.Writer, log *lines) error {
	c, err := s.served()
	if err != nil {
		return err
	}
	c.Observe = log.entry
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

// lines writes a line for each request. It is safe for concurrent use; a nil
// one writes nothing.
type lines struct {
	mu sync.Mutex
	to io.Writer
}

func (l *lines) put(format string, args ...any) {
	if l == nil {
		return
	}
	// Clients choose what stands in it: nothing may break the line or steer a
	// terminal.
	line := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, fmt.Sprintf(format, args...))
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.to, line)
}

// entry writes the line of a request to the mock's own models. The mock takes
// keys out of what stands in it.
func (l *lines) entry(e mock.Entry) {
	if l == nil {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s %.64s", e.Arrived.Format("15:04:05.000"), e.ID, e.Method, e.Path)
	if m := e.Request.Model; m != "" {
		fmt.Fprintf(&b, " %.64s", m)
	}
	fmt.Fprintf(&b, " %d in %s", e.Status, e.Ended.Sub(e.Arrived).Round(100*time.Microsecond))
	if e.Charge {
		fmt.Fprintf(&b, ", %d + %d tokens", e.Usage.In, e.Usage.Out)
	}
	for _, note := range []struct {
		yes  bool
		text string
	}{
		{e.Streamed, "streamed"},
		{e.Attempt > 1, fmt.Sprintf("attempt %d", e.Attempt)},
		{e.Fault != "", "fault " + e.Fault},
		{e.Cancelled, "the client left"},
		{e.Error != "", fmt.Sprintf("%.200s", e.Error)},
	} {
		if note.yes {
			b.WriteString(", " + note.text)
		}
	}
	l.put("%s", b.String())
}
