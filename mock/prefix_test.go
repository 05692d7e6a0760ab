package mock_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
)

func caching(p mock.Prefix) *mock.Server {
	return server(mock.Model{
		ID: "m", Brain: mock.Say("yes"), Prefix: p, Price: &mock.Price{In: 10, Cached: 1, Out: 0},
		Latency: mock.Latency{First: time.Second},
	})
}

// about is a request with a long first message, and a question after it.
func about(words int, question string) string {
	var b strings.Builder
	for i := range words {
		fmt.Fprintf(&b, "word%d ", i)
	}
	return `{"model":"m","messages":[{"role":"system","content":"` + b.String() + `"},{"role":"user","content":"` + question + `"}]}`
}

func cachedOf(t *testing.T, a answer) int {
	t.Helper()
	var c struct {
		Usage struct {
			Prompt  int `json:"prompt_tokens"`
			Details struct {
				Cached int `json:"cached_tokens"`
			} `json:"prompt_tokens_details"`
		}
	}
	if err := json.Unmarshal([]byte(a.body), &c); err != nil || a.status != 200 {
		t.Fatalf("%v: %+v", err, a)
	}
	if c.Usage.Details.Cached > c.Usage.Prompt {
		t.Errorf("%d of %d cached", c.Usage.Details.Cached, c.Usage.Prompt)
	}
	return c.Usage.Details.Cached
}

func TestAPrefixThatWasReadIsCached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := caching(mock.Prefixes())
		get := func(words int, q string) int { return cachedOf(t, post(t.Context(), s, about(words, q))) }
		if n := get(1000, "one?"); n != 0 {
			t.Errorf("first call: %d", n)
		}
		n := get(1000, "two?")
		if n < 1024 || n%128 != 0 {
			t.Errorf("same beginning: %d", n)
		}
		e := s.Log()[1]
		if e.Usage.Cached != n || e.Usage.In-n > 128+20 {
			t.Errorf("in the log %+v", e.Usage)
		}
		if want := int64(e.Usage.In-n)*10_000 + int64(n)*1000; e.Cost != want {
			t.Errorf("cost %d, want %d", e.Cost, want)
		}
		if longer := get(1200, "three?"); longer < n-128 || longer > n+128 {
			t.Errorf("a longer text with the same beginning: %d of %d", longer, n)
		}
		if other := cachedOf(t, post(t.Context(), s, strings.Replace(about(1000, "one?"), "word0 ", "Word0 ", 1))); other != 0 {
			t.Errorf("another beginning: %d", other)
		}
		if n := get(100, "one?") + get(100, "two?"); n != 0 {
			t.Errorf("short prompts: %d", n)
		}
	})
}

func TestCallsThatStartTogetherAllMiss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := caching(mock.Prefixes())
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 10 * time.Millisecond)
				if n := cachedOf(t, post(t.Context(), s, about(1000, fmt.Sprint(i)))); n != 0 {
					t.Errorf("call %d: %d cached", i, n)
				}
			})
		}
		wg.Wait()
		if n := cachedOf(t, post(t.Context(), s, about(1000, "late"))); n == 0 {
			t.Error("a later call misses too")
		}
	})
}

func TestPrefixesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := caching(mock.Prefix{TTL: 10 * time.Minute})
		get := func() int { return cachedOf(t, post(t.Context(), s, about(1000, "one?"))) }
		get()
		for range 5 { // each use keeps it
			time.Sleep(9 * time.Minute)
			if get() == 0 {
				t.Error("forgotten within its time")
			}
		}
		time.Sleep(11 * time.Minute)
		if n := get(); n != 0 {
			t.Errorf("after its time: %d", n)
		}
		if get() == 0 {
			t.Error("not cached again")
		}
	})
}

func TestBlocksAndMinimumAreSettable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := caching(mock.Prefix{Block: 16, Min: 32})
		post(t.Context(), s, about(40, "one?"))
		if n := cachedOf(t, post(t.Context(), s, about(40, "two?"))); n < 32 || n%16 != 0 {
			t.Errorf("got %d", n)
		}
		if n := cachedOf(t, post(t.Context(), caching(mock.Prefix{}), about(2000, "one?"))); n != 0 {
			t.Errorf("without caching: %d", n)
		}
	})
}

func TestARefusedCallCachesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := caching(mock.Prefixes())
		body := about(1000, "one?")
		req := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(body))
		req.Header.Set("X-Mock-Fault", "X04")
		s.ServeHTTP(httptest.NewRecorder(), req)
		time.Sleep(time.Minute)
		if n := cachedOf(t, post(t.Context(), s, body)); n != 0 {
			t.Errorf("got %d", n)
		}
	})
}

// A prompt sent twice has at most its own tokens in the cache, and those of
// whole blocks.
func FuzzPrefix(f *testing.F) {
	f.Add("Read this.", strings.Repeat("Once more, with feeling. ", 40), 16)
	f.Add("", strings.Repeat("読む\xff ", 90), 1)
	f.Add(strings.Repeat("x", 500), "", 7)
	f.Fuzz(func(t *testing.T, system, user string, size int) {
		if size < 1 || size > 4096 || len(system)+len(user) > 1<<16 {
			t.Skip()
		}
		m := mock.Model{ID: "m", Brain: mock.Say("yes"), Prefix: mock.Prefix{Block: size, Min: 1}}
		s := server(m)
		a, _ := json.Marshal(system)
		b, _ := json.Marshal(user)
		body := `{"model":"m","messages":[{"role":"system","content":` + string(a) + `},{"role":"user","content":` + string(b) + `}]}`
		var in, cached int
		for range 2 {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(body)))
			e := s.Log()[len(s.Log())-1]
			in, cached = e.Usage.In, e.Usage.Cached
		}
		if cached > in || cached%size != 0 && cached != in || in-cached >= size+16 {
			t.Errorf("%d of %d cached in blocks of %d", cached, in, size)
		}
	})
}

// OpenAI's newer models and Anthropic's bill what is written into the cache.
func TestWritingIntoTheCacheHasItsPrice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, written := range []float64{0, 12.5} {
			s := server(mock.Model{
				ID: "m", Brain: mock.Say("yes"), Prefix: mock.Prefixes(), Price: &mock.Price{In: 10, Cached: 1, Written: written},
				Latency: mock.Latency{First: time.Second},
			})
			var told [3]int
			for i, words := range []int{100, 1000, 1000} { // too short to be kept; written; read
				a := post(t.Context(), s, about(words, fmt.Sprint("question ", i)))
				var c struct {
					Usage struct {
						Details struct {
							Written int `json:"cache_write_tokens"`
						} `json:"prompt_tokens_details"`
					}
				}
				if err := json.Unmarshal([]byte(a.body), &c); err != nil {
					t.Fatal(err)
				}
				told[i] = c.Usage.Details.Written
			}
			log := s.Log()
			second, third := log[1].Usage, log[2].Usage
			if written == 0 {
				if told != [3]int{} || log[1].Cost != int64(second.In)*10_000 {
					t.Errorf("writing is free, yet told %v, cost %d", told, log[1].Cost)
				}
				continue
			}
			if told[0] != 0 || told[1] != second.Written || second.Written < 1024 || second.Written%128 != 0 || third.Cached != second.Written || third.Written != 0 {
				t.Errorf("told %v; written %+v, then %+v", told, second, third)
			}
			if want := int64(second.In-second.Written)*10_000 + int64(second.Written)*12_500; log[1].Cost != want {
				t.Errorf("cost %d, want %d", log[1].Cost, want)
			}
			if b := s.Bill()["m"]; b.Usage.Written != second.Written {
				t.Errorf("the bill: %+v", b)
			}
		}
	})
}
