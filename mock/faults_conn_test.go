package mock_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
)

// listening is a server on loopback, and a client of its own.
func listening(t *testing.T, c mock.Config) (*mock.Server, *http.Client) {
	t.Helper()
	if c.Models == nil {
		c.Models = []mock.Model{model(mock.Say("One two three four five six seven."))}
	}
	s := mock.NewServer(c)
	tr := &http.Transport{}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, &http.Client{Transport: tr}
}

func faultyAt(ctx context.Context, c *http.Client, s *mock.Server, id, further string) answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"/chat/completions", strings.NewReader(ask(further)))
	if err != nil {
		return answer{err: err}
	}
	req.Header.Set("X-Mock-Fault", id)
	return roundTrip(c, req)
}

func TestConnectionsBreakOverLoopback(t *testing.T) {
	s, c := listening(t, mock.Config{})
	for _, want := range []struct {
		id, further string
		status      int
		reset       bool
	}{
		{"X11", "", 0, true},
		{"X12", "", 0, true},
		{"X13", "", 200, true},
		{"X13", streamFurther, 200, true},
		{"X14", "", 0, false},
		{"F18d", streamFurther, 200, false},
		{"F36", streamFurther, 200, false},
	} {
		a := faultyAt(t.Context(), c, s, want.id, want.further)
		reset := errors.Is(a.err, syscall.ECONNRESET)
		if a.err == nil || want.reset && !reset && want.id != "X12" || !want.reset && reset || a.status > want.status {
			t.Errorf("%s: got %+v", want.id, a)
		}
	}
	if a := send(t.Context(), c, s.URL()+"/chat/completions", ask("")); a.status != 200 {
		t.Errorf("and afterwards %+v", a)
	}
}

func TestAServerThatWentAwayRefusesAndComesBack(t *testing.T) {
	s, c := listening(t, mock.Config{})
	if a := send(t.Context(), c, s.URL()+"/chat/completions", ask("")); a.status != 200 {
		t.Fatalf("before: %+v", a)
	}
	for d := 100 * time.Millisecond; ; d *= 2 {
		began := time.Now()
		s.GoAway(d)
		a := send(t.Context(), c, s.URL()+"/chat/completions", ask(""))
		if a.status == 200 && time.Since(began) > d {
			continue // so slow a machine that it is back already: that shows nothing
		}
		if !errors.Is(a.err, syscall.ECONNREFUSED) && !errors.Is(a.err, syscall.ECONNRESET) && !errors.Is(a.err, io.EOF) {
			t.Errorf("meanwhile: %+v", a)
		}
		break
	}
	deadline := time.Now().Add(2 * time.Minute)
	for {
		if a := send(t.Context(), c, s.URL()+"/chat/completions", ask("")); a.status == 200 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not come back")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestAServerGoesAwayAndFlapsInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := slow(0)
		m.Brain = mock.Say("yes")
		s := server(m)
		state := func() string {
			a := post(t.Context(), s, ask(""))
			if a.err != nil {
				return howEnded(a.err, true)
			}
			return ""
		}
		_, _, err := faulty(t.Context(), s, "X10", "", 1<<20)
		if howEnded(err, true) != "reset" || state() != "refused" {
			t.Errorf("the call itself: %v, the next: %q", err, state())
		}
		time.Sleep(time.Second)
		if got := state(); got != "" {
			t.Errorf("a second later: %q", got)
		}

		inWork := make(chan error)
		go func() {
			a := post(t.Context(), s, ask(""))
			inWork <- a.err
		}()
		synctest.Wait()
		start := time.Now()
		if _, _, err := faulty(t.Context(), s, "X17", "", 1<<20); howEnded(err, true) != "reset" {
			t.Errorf("flapping: %v", err)
		}
		if err := <-inWork; !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("what was in work: %v", err)
		}
		for _, want := range []struct {
			at    time.Duration
			state string
		}{{time.Second, "refused"}, {2100 * time.Millisecond, ""}, {5 * time.Second, "refused"}, {57 * time.Second, "refused"}, {62 * time.Second, ""}} {
			time.Sleep(time.Until(start.Add(want.at)))
			if got := state(); got != want.state {
				t.Errorf("after %v: %q", want.at, got)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAnIdleConnectionIsClosedWithoutAWord(t *testing.T) {
	s, _ := listening(t, mock.Config{})
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(s.URL(), "http://"), "/v1"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	for _, fault := range []string{"", "X-Mock-Fault: F29\r\n"} {
		body := ask("")
		if _, err := io.WriteString(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"+fault+"Content-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(resp.Body); err != nil || resp.Close || resp.StatusCode != 200 {
			t.Errorf("%q: %v, %+v", fault, err, resp)
		}
		resp.Body.Close()
	}
	if _, err := r.ReadByte(); err != io.EOF {
		t.Errorf("after the reply: %v", err)
	}
	if n, _ := s.Connections(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestSlowHeadersComeByteByByte(t *testing.T) {
	s, _ := listening(t, mock.Config{})
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(s.URL(), "http://"), "/v1"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := ask("")
	if _, err := io.WriteString(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Mock-Fault: X15\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 16)
	if n, err := conn.Read(b); err != nil || string(b[:n]) != "H" {
		t.Errorf("read %q, %v", b[:n], err)
	}
}

func http2() (*http.Transport, *http.Client) {
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	return tr, &http.Client{Transport: tr}
}

func TestHTTP2IsServedAndSentAway(t *testing.T) {
	s, _ := listening(t, mock.Config{})
	tr, c := http2()
	defer tr.CloseIdleConnections()
	if a := send(t.Context(), c, s.URL()+"/chat/completions", ask("")); a.status != 200 {
		t.Fatalf("got %+v", a)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/chat/completions", io.MultiReader(strings.NewReader(ask(""))))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Mock-Fault", "F31")
	a := roundTrip(c, req) // a body that cannot be sent again
	if a.err == nil || !strings.Contains(a.err.Error(), "GetBody") && !strings.Contains(a.err.Error(), "GOAWAY") {
		t.Errorf("got %+v", a)
	}
	if a := send(t.Context(), c, s.URL()+"/chat/completions", ask("")); a.status != 200 {
		t.Errorf("and afterwards %+v", a)
	}
}

func TestADeadConnectionAnswersNoPing(t *testing.T) {
	s, _ := listening(t, mock.Config{})
	tr, c := http2()
	tr.HTTP2 = &http.HTTP2Config{SendPingTimeout: 20 * time.Millisecond, PingTimeout: 20 * time.Millisecond}
	defer tr.CloseIdleConnections()
	if a := faultyAt(t.Context(), c, s, "F30", ""); a.err == nil || errors.Is(a.err, context.DeadlineExceeded) {
		t.Errorf("got %+v", a)
	}
	// Over HTTP/1 only a clock helps, and the server notices that the client left.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if a := faultyAt(ctx, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, s, "F30", ""); !errors.Is(a.err, context.DeadlineExceeded) {
		t.Errorf("got %+v", a)
	}
	for n, _ := s.InFlight(); n > 0; n, _ = s.InFlight() {
		time.Sleep(time.Millisecond)
	}
}

func TestAServerCanBeClosedWhileItIsAway(t *testing.T) {
	s := mock.NewServer(mock.Config{})
	s.GoAway(time.Hour)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s.GoAway(time.Hour)
	if n, open := s.Connections(); n != 0 || open != 0 {
		t.Errorf("%d connections", n)
	}
}

func TestAHandlerOfAServerThatIsAwayCutsItsRequests(t *testing.T) {
	s := server(model(mock.Say("yes")))
	front := httptest.NewServer(s)
	defer front.Close()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	s.GoAway(time.Hour)
	if a := send(t.Context(), c, front.URL+"/v1/chat/completions", ask("")); a.err == nil {
		t.Errorf("got %+v", a)
	}
	if len(s.Log()) != 0 {
		t.Error("the request came through")
	}
	again := server(model(mock.Say("yes")))
	other := httptest.NewServer(again)
	defer other.Close()
	if a := send(t.Context(), c, other.URL+"/v1/chat/completions", strings.Replace(ask(""), `"m"`, `"m:X13"`, 1)); a.err == nil || a.status != 200 {
		t.Errorf("a reset without the server's own listener: %+v", a)
	}
}
