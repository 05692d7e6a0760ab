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
	"testing"

	"go.uber.org/goleak"
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
	goleak.VerifyTestMain(m)
}

const wireReply = `{"id":"chatcmpl-1","object":"chat.completion","created":1760000000,"model":"small","choices":[{"index":0,` +
	`"message":{"role":"assistant","content":"{\"answer\":\"The rent is due on the first day of each month.\",` +
	`\"quote\":\"The tenant pays rent on the first day of each month.\",\"confidence\":0.9,\"abstain\":false}","refusal":null},` +
	`"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":900,"completion_tokens":40,"total_tokens":940,` +
	`"prompt_tokens_details":{"cached_tokens":0}}}`

// serveWire answers every request with the same bytes until its standard input
// ends. It reads no more of a request than it takes to find its end.
func serveWire() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go func() {
		io.Copy(io.Discard, os.Stdin)
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

// startWire starts the server in a process of its own, and returns its base
// URL and what ends it.
func startWire(tb testing.TB) (url string, stop func()) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), wireServerEnv+"=1")
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		tb.Fatal(err)
	}
	stop = func() {
		in.Close()
		cmd.Wait()
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		tb.Fatal(err)
	}
	return "http://" + strings.TrimSpace(addr) + "/v1", stop
}
