//go:build unix

package workers

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/db31e724/go-swarm/internal/canary"
)

// wireServerEnv makes the test binary a server for BenchmarkWire, so that the
// server's work is not counted as the client's.
const wireServerEnv = "GO_SWARM_TEST_WIRE_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(wireServerEnv) != "" {
		if err := serveWire(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	canary.Main(func() { goleak.VerifyTestMain(m) })
}

const wireReply = `{"id":"chatcmpl-1","object":"chat.completion","created":1760000000,"model":"small","choices":[{"index":0,` +
	`"message":{"role":"assistant","content":"{\"findings\":[{\"answer\":\"The rent is due on the first day of each month.\",` +
	`\"quote\":\"The tenant pays rent on the first day of each month.\",\"confidence\":0.9}]}","refusal":null},` +
	`"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":900,"completion_tokens":40,"total_tokens":940,` +
	`"prompt_tokens_details":{"cached_tokens":0}}}`

// serveWire answers every request with the same bytes until its standard input
// ends, and every line of that with the processor time it has used. It reads
// no more of a request than it takes to find its end.
func serveWire() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			fmt.Println(int64(cpu()))
		}
		os.Exit(0)
	}()
	reply := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(wireReply)) + "\r\n\r\n" + wireReply)
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			r := bufio.NewReaderSize(c, 16<<10)
			for {
				if err := skipRequest(r); err != nil {
					return
				}
				if _, err := c.Write(reply); err != nil {
					return
				}
			}
		}()
	}
}

// skipRequest reads one request.
func skipRequest(r *bufio.Reader) error {
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	_, err := r.Discard(length)
	return err
}

// cpu returns the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// wireServer is the server's process.
type wireServer struct {
	url string
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startWire(tb testing.TB) *wireServer {
	tb.Helper()
	s := &wireServer{cmd: exec.Command(os.Args[0])}
	s.cmd.Env = append(os.Environ(), wireServerEnv+"=1")
	s.cmd.Stderr = os.Stderr
	in, err1 := s.cmd.StdinPipe()
	out, err2 := s.cmd.StdoutPipe()
	if err := errors.Join(err1, err2, s.cmd.Start()); err != nil {
		tb.Fatal(err)
	}
	s.in, s.out = in, bufio.NewReader(out)
	addr, err := s.out.ReadString('\n')
	if err != nil {
		s.stop()
		tb.Fatal(err)
	}
	s.url = "http://" + strings.TrimSpace(addr) + "/v1"
	return s
}

func (s *wireServer) stop() {
	s.in.Close()
	s.cmd.Wait()
}

// cpu returns the processor time that the server has used.
func (s *wireServer) cpu(tb testing.TB) time.Duration {
	tb.Helper()
	if _, err := io.WriteString(s.in, "\n"); err != nil {
		tb.Fatal(err)
	}
	line, err := s.out.ReadString('\n')
	if err != nil {
		tb.Fatal(err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return time.Duration(n)
}
