package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/db31e724/go-swarm/mock"
)

// runMock serves the mock, or a recording or replay of a real server, until
// ctx ends. Its first line on standard output is "listening on URL", its last
// what was served.
func runMock(ctx context.Context, args []string, stdout, stderr io.Writer, getenv func(string) string) error {
	s, err := parse(args, stderr, getenv)
	if err != nil {
		return usageError{err}
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
	return serve(ctx, s, stdout, stderr, requests)
}

// Environment variables, for what should stand in no process list.
const (
	envKey         = "MOCK_API_KEY"     // as -key
	envUpstreamKey = "UPSTREAM_API_KEY" // sent to -upstream in place of the client's key
)

// settings are the flags of the mock.
type settings struct {
	addr, config, key        string
	seed                     uint64
	latency, log             bool
	record, upstream, replay string
	timing                   bool
	upstreamKey              string
	given                    map[string]bool
}

// parse reads the flags. An error is one of usage.
func parse(args []string, stderr io.Writer, getenv func(string) string) (settings, error) {
	s := settings{given: map[string]bool{}}
	f := flag.NewFlagSet("swarm mock", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&s.addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 takes a free one")
	f.StringVar(&s.config, "config", "", "JSON `file` with models, limits, faults and replies; none: two models, "+mock.Large().ID+" and "+mock.Small().ID)
	f.StringVar(&s.key, "key", "", "`key` that every request must carry; better set "+envKey)
	f.Uint64Var(&s.seed, "seed", 0, "seed of latencies and faults")
	f.BoolVar(&s.latency, "latency", false, "take the time that real models take, where the configuration says nothing of it")
	f.StringVar(&s.record, "record", "", "pass requests on to -upstream and write what comes back onto this cassette `file`")
	f.StringVar(&s.upstream, "upstream", "", "base `URL` of the server that -record asks; "+envUpstreamKey+" is its key, else the client's is passed on")
	f.StringVar(&s.replay, "replay", "", "answer from this cassette `file`, without a network")
	f.BoolVar(&s.timing, "timing", false, "with -replay: take the time that the recorded server took")
	f.BoolVar(&s.log, "log", false, "write a line for each request to standard error")
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "usage: swarm mock [flags]\nServes models to any OpenAI-compatible client, until it is interrupted.")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return s, err
	}
	f.Visit(func(f *flag.Flag) { s.given[f.Name] = true })
	s.key = cmp.Or(s.key, getenv(envKey))
	s.upstreamKey = getenv(envUpstreamKey)
	return s, s.check(f.Args())
}

func (s settings) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%q: it takes flags alone", rest[0])
	case s.record != "" && s.replay != "":
		return fmt.Errorf("-record and -replay exclude each other")
	case (s.record == "") != (s.upstream == ""):
		return fmt.Errorf("-record needs -upstream, the base URL of the server to record, and -upstream needs -record, the file to write")
	case s.record != "" && s.key != "" && s.upstreamKey == "":
		return fmt.Errorf("-record with -key needs %s, or clients would send the upstream this server's key; where it asks for none, set any", envUpstreamKey)
	case s.timing && s.replay == "":
		return fmt.Errorf("-timing goes with -replay")
	}
	if _, _, err := net.SplitHostPort(s.addr); err != nil {
		return fmt.Errorf("-addr %q is not HOST:PORT, such as 127.0.0.1:8080", s.addr)
	}
	if s.record != "" || s.replay != "" {
		for _, name := range []string{"config", "seed", "latency"} {
			if s.given[name] {
				return fmt.Errorf("-%s is for the mock's own models: it does not go with -record or -replay", name)
			}
		}
	}
	return nil
}

// served is the configuration of the server, from the file and the flags.
func (s settings) served() (mock.Config, error) {
	c := mock.Config{Models: []mock.Model{mock.Large(), mock.Small()}}
	if s.config != "" {
		f, err := os.Open(s.config)
		if err != nil {
			return c, err
		}
		defer f.Close()
		if c, err = mock.ReadConfig(f); err != nil {
			return c, fmt.Errorf("%s: %w", s.config, err)
		}
	}
	c.Key = cmp.Or(s.key, c.Key)
	if s.given["seed"] {
		c.Seed = s.seed
	}
	if s.latency {
		for i := range c.Models {
			switch m := &c.Models[i]; {
			case m.Latency != (mock.Latency{}):
			case m.Price != nil && m.Price.Out >= 2: // dollars for a million tokens: a large one
				m.Latency = mock.LargeLatency()
			default:
				m.Latency = mock.SmallLatency()
			}
		}
	}
	return c, nil
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
	for _, more := range []struct {
		is   bool
		text string
	}{
		{e.Charge, fmt.Sprintf("%d + %d tokens", e.Usage.In, e.Usage.Out)},
		{e.Streamed, "streamed"},
		{e.Attempt > 1, fmt.Sprintf("attempt %d", e.Attempt)},
		{e.Fault != "", "fault " + e.Fault},
		{e.Cancelled, "the client left"},
		{e.Error != "", fmt.Sprintf("%.200s", e.Error)},
	} {
		if more.is {
			text += ", " + more.text
		}
	}
	return plain(text)
}
