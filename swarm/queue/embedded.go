package queue

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Server is a NATS server with JetStream in this process. Safe for concurrent use.
type Server struct {
	s     *server.Server
	token string
}

// Embedding says how a server in this process runs.
type Embedding struct {
	// Dir is the folder that holds the queue. Empty: a folder for temporary files, so
	// that the queue ends with the machine.
	Dir string
	// Listen is the address for workers elsewhere, "host:port", port 0 for a free one.
	// Empty: only this process can connect. Beyond loopback Token is needed.
	Listen string
	// Token is what who connects must show.
	Token string
	// TLS encrypts what goes over Listen. nil: it is not encrypted.
	TLS *tls.Config
	// SyncAlways has the server sync its files before it acknowledges. It then takes some
	// five times fewer messages; without it a crash of the machine loses the last ones,
	// which costs money and no result.
	SyncAlways bool
}

const startTime = 30 * time.Second

// Embedded starts a server. Close it when all that uses it has ended.
func Embedded(e Embedding) (*Server, error) {
	o := &server.Options{
		JetStream: true, StoreDir: e.Dir, SyncAlways: e.SyncAlways, DontListen: true, NoSigs: true, NoLog: true,
		JetStreamMaxMemory: -1, JetStreamMaxStore: -1, Authorization: e.Token,
	}
	if e.Listen != "" {
		host, port, err := net.SplitHostPort(e.Listen)
		if err == nil {
			o.Port, err = strconv.Atoi(port)
		}
		if err != nil {
			return nil, fmt.Errorf("queue: Embedding.Listen is %q: give a host and a port, such as 127.0.0.1:4222", e.Listen)
		}
		if ip := net.ParseIP(host); e.Token == "" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, fmt.Errorf("queue: Embedding.Listen is %q, beyond this machine: set Token, for else anybody could read the subtasks and answer them", e.Listen)
		}
		if o.Port == 0 {
			o.Port = server.RANDOM_PORT
		}
		o.DontListen, o.Host = false, host
		if e.TLS != nil {
			o.TLS, o.TLSConfig, o.TLSTimeout = true, e.TLS, 5
		}
	}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(startTime) {
		s.Shutdown()
		return nil, errors.New("queue: the embedded server did not start: is its folder writable, and used by no other server?")
	}
	return &Server{s, e.Token}, nil
}

// URL is where workers elsewhere connect. Empty: the server does not listen.
func (s *Server) URL() string {
	if a, ok := s.s.Addr().(*net.TCPAddr); ok {
		return "nats://" + a.String()
	}
	return ""
}

// Connect connects within the process.
func (s *Server) Connect(options ...nats.Option) (*nats.Conn, error) {
	return nats.Connect("", append([]nats.Option{nats.InProcessServer(s.s), nats.Token(s.token)}, options...)...)
}

// Close stops the server and waits until it has stopped.
func (s *Server) Close() {
	s.s.Shutdown()
	s.s.WaitForShutdown()
}
