package mock_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/mock"
)

func TestKeysAreTakenOutWhereverTheyComeBack(t *testing.T) {
	half := len(canary.Key) / 2
	var seen http.Header
	upstream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		w.Header().Set("Set-Cookie", "session="+canary.Key)
		w.Header().Set("X-Echo", "you sent "+canary.Key)
		w.Header().Set("Openai-Organization", "org-mine")
		for _, piece := range []string{"your key: " + canary.Key[:half], canary.Key[half:] + " and ", canary.Key, canary.Key[:3], canary.Key[3:] + "."} {
			_, _ = io.WriteString(w, piece)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(5 * time.Millisecond) // pieces are to arrive one by one
		}
	})
	body := chatBody("m", "my key is "+canary.Key)
	var got answer
	tape := tapeOf(t, upstream, func(url string) {
		got = chatAt(t, url+"/"+canary.Key+"/x", body)
		call(t, http.MethodGet, url+"/q?api_key=abc&key="+canary.Key+"&x="+canary.Key, "")
	})
	if !strings.Contains(got.body, canary.Key) || seen.Get("Authorization") != "Bearer "+canary.Key {
		t.Errorf("the client and the upstream are to see the key: %q, %v", got.body, seen)
	}
	for _, secret := range []string{canary.Key, canary.Key[:half], canary.Key[half:], "abc", "org-mine", "session"} {
		if strings.Contains(tape, secret) {
			t.Errorf("%q is on the cassette:\n%s", secret, tape)
		}
	}
	_, url := replayer(t, tape)
	a := chatAt(t, url+"/"+canary.Key+"/x", body)
	if want := "your key: [redacted] and [redacted]."; a.body != want {
		t.Errorf("replayed %d %q, want %q", a.status, a.body, want)
	}
}

func TestTheRecordersKeyTakesTheClientsPlace(t *testing.T) {
	const own = "sk-upstream-1618033988"
	var seen http.Header
	real := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		fmt.Fprint(w, "wrong key: ", own)
	}))
	defer real.Close()
	var out bytes.Buffer
	r, err := mock.NewRecorder(real.URL, &out)
	if err != nil {
		t.Fatal(err)
	}
	r.Key = own
	r.Transport = &http.Transport{DisableKeepAlives: true}
	proxy := httptest.NewServer(r)
	defer proxy.Close()
	chatAt(t, proxy.URL+"/v1", "{}") // its exchange is on the cassette by now
	if seen.Get("Authorization") != "Bearer "+own || strings.Contains(fmt.Sprint(seen), canary.Key) {
		t.Errorf("the upstream got %v", seen)
	}
	if strings.Contains(out.String(), own) {
		t.Errorf("the key is on the cassette: %s", out.String())
	}
}

func TestRecorderAsksForPlainBodiesAndTakesNoOthers(t *testing.T) {
	upstream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("it asks for %q", r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Encoding", "gzip")
	})
	tape := tapeOf(t, upstream, func(url string) {
		if a := call(t, http.MethodGet, url+"/gzip", ""); a.status != 502 || !strings.Contains(a.body, "compresses") {
			t.Errorf("got %+v", a)
		}
	})
	if strings.Count(tape, "\n") != 1 {
		t.Errorf("the cassette:\n%s", tape)
	}
}
