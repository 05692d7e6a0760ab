package mock_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/mock"
)

func TestServerAnswersOverLoopbackAndKeepsConnections(t *testing.T) {
	s := mock.NewServer(mock.Config{Models: []mock.Model{model(mock.Say(tenWords))}})
	defer s.Close()
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	dialled := 0
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		if !i.Reused {
			dialled++
		}
	}})
	for _, further := range []string{"", `,"stream":true`, `,"n":0`} {
		a := send(ctx, &http.Client{Transport: tr}, s.URL()+"/chat/completions", ask(further))
		if a.err != nil || a.status == 0 {
			t.Errorf("got %+v", a)
		}
	}
	if dialled != 1 {
		t.Errorf("%d connections", dialled)
	}
	if len(s.Log()) != 3 {
		t.Errorf("%d entries", len(s.Log()))
	}
}

func TestServerNoticesThatAClientHangsUp(t *testing.T) {
	began, left := make(chan struct{}), make(chan struct{})
	s := mock.NewServer(mock.Config{Models: []mock.Model{model(func(ctx context.Context, _ mock.Request) (mock.Reply, error) {
		close(began)
		<-ctx.Done()
		close(left)
		return mock.Reply{}, ctx.Err()
	})}})
	tr := &http.Transport{}
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan answer)
	go func() { gone <- send(ctx, &http.Client{Transport: tr}, s.URL()+"/chat/completions", ask("")) }()
	<-began
	cancel()
	if a := <-gone; a.err == nil {
		t.Errorf("got %+v", a)
	}
	<-left
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if e := s.Log()[0]; !e.Cancelled || e.Status != 0 {
		t.Errorf("the log says %+v", e)
	}
}

func TestCloseEndsWhatIsInWorkAndWaits(t *testing.T) {
	began := make(chan struct{})
	s := mock.NewServer(mock.Config{Models: []mock.Model{model(func(ctx context.Context, _ mock.Request) (mock.Reply, error) {
		close(began)
		<-ctx.Done()
		return mock.Reply{}, ctx.Err()
	})}})
	tr := &http.Transport{}
	gone := make(chan answer)
	go func() {
		gone <- send(t.Context(), &http.Client{Transport: tr}, s.URL()+"/chat/completions", ask(""))
	}()
	<-began
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if now, _ := s.InFlight(); now != 0 {
		t.Errorf("%d in flight after Close", now)
	}
	if a := <-gone; a.err == nil {
		t.Errorf("got %+v", a)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	s := mock.NewHandler(mock.Config{})
	if s.URL() != "" || s.Close() != nil {
		t.Error("a server that does not listen has a URL, or cannot be closed")
	}
	if err := s.Listen("no such address"); err == nil || !strings.HasPrefix(err.Error(), "mock: ") {
		t.Errorf("got %v", err)
	}
	if err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Listen("127.0.0.1:0"); err == nil || !strings.Contains(err.Error(), "listens already") {
		t.Errorf("got %v", err)
	}
}

func TestACutReplyCutsTheConnection(t *testing.T) {
	s := mock.NewServer(mock.Config{Models: []mock.Model{model(mock.Script(
		mock.Reply{Raw: &mock.Raw{Pieces: mock.Body("half"), End: mock.EndCut}},
		mock.Reply{Raw: &mock.Raw{End: mock.EndCut}},
	))}})
	defer s.Close()
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	c := &http.Client{Transport: tr}
	if a := send(t.Context(), c, s.URL()+"/chat/completions", ask("")); a.status != 200 || a.body != "half" || a.err == nil {
		t.Errorf("got %+v", a)
	}
	if a := send(t.Context(), c, s.URL()+"/chat/completions", ask("")); a.err == nil {
		t.Errorf("got %+v", a)
	}
	if len(s.Log()) != 2 {
		t.Errorf("%d entries", len(s.Log()))
	}
}

func TestABodyThatBreaksOffIsNotAnswered(t *testing.T) {
	s := mock.NewServer(mock.Config{Models: []mock.Model{model(mock.Say("yes"))}})
	defer s.Close()
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(s.URL(), "http://"), "/v1"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"model\""); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
		resp.Body.Close()
		t.Errorf("got %d", resp.StatusCode)
	}
	if e := s.Log()[0]; !e.Cancelled || e.Status != 0 || e.Error == "" {
		t.Errorf("the log says %+v", e)
	}
}
