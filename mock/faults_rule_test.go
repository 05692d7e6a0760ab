package mock_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
)

func ruledBy(rules ...mock.FaultRule) *mock.Server {
	return mock.NewHandler(mock.Config{Faults: rules, Models: []mock.Model{
		{ID: "m", Brain: mock.Say("yes")}, {ID: "other", Brain: mock.Say("yes")},
	}})
}

// numbered is a request like no other.
func numbered(i int) string { return strings.Replace(ask(""), "What", fmt.Sprint("Number ", i), 1) }

func TestARateFollowsFromTheRequestAndNotFromTheOrder(t *testing.T) {
	hit := func(order []int, parallel bool) map[int]string {
		s := ruledBy(mock.FaultRule{IDs: []string{"X04", "F03"}, Rate: 0.3})
		out := map[int]string{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for _, i := range order {
			one := func() {
				a := post(t.Context(), s, numbered(i))
				mu.Lock()
				defer mu.Unlock()
				out[i] += fmt.Sprint(a.status, " ")
			}
			if parallel {
				wg.Go(one)
			} else {
				one()
			}
		}
		wg.Wait()
		return out
	}
	var order []int
	for i := range 400 {
		order = append(order, i)
	}
	first := hit(order, false)
	slices.Reverse(order)
	again := hit(order, true)
	counts := map[string]int{}
	for i, status := range first {
		counts[status]++
		if again[i] != status {
			t.Errorf("request %d: %s, and in another order %s", i, status, again[i])
		}
	}
	if faulty := counts["500 "] + counts["429 "]; faulty < 90 || faulty > 150 || counts["500 "] < 30 || counts["429 "] < 30 {
		t.Errorf("of 400: %v", counts)
	}
}

func TestEachAttemptDrawsAnew(t *testing.T) {
	s := ruledBy(mock.FaultRule{IDs: []string{"X04"}, Rate: 0.5})
	statuses := map[int]int{}
	for range 40 {
		statuses[post(t.Context(), s, ask("")).status]++
	}
	if statuses[500] < 8 || statuses[200] < 8 {
		t.Errorf("got %v", statuses)
	}
	if e := s.Log(); e[39].Attempt != 40 {
		t.Errorf("the last is attempt %d", e[39].Attempt)
	}
}

func TestRulesSelectCalls(t *testing.T) {
	for _, test := range []struct {
		name string
		rule mock.FaultRule
		want string // of ten calls, in pairs of the same body, a second apart
	}{
		{"all", mock.FaultRule{IDs: []string{"X04"}}, "xxxxxxxxxx"},
		{"first attempts", mock.FaultRule{IDs: []string{"X04"}, Attempts: 1}, "x.x.x.x.x."},
		{"named calls", mock.FaultRule{IDs: []string{"X04"}, Calls: []int{2, 3, 9}}, ".xx.....x."},
		{"a time", mock.FaultRule{IDs: []string{"X04"}, From: 2 * time.Second, To: 4 * time.Second}, "..xx......"},
		{"from a time on", mock.FaultRule{IDs: []string{"X04"}, From: 7 * time.Second}, ".......xxx"},
		{"at most three", mock.FaultRule{IDs: []string{"X04"}, Max: 3}, "xxx......."},
		{"another model", mock.FaultRule{IDs: []string{"X04"}, Model: "other"}, ".........."},
		{"this model", mock.FaultRule{IDs: []string{"X04"}, Model: "m"}, "xxxxxxxxxx"},
		{"long prompts", mock.FaultRule{IDs: []string{"X04"}, Over: 1000}, "......xx.."},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := ruledBy(test.rule)
				var got strings.Builder
				for i := range 10 {
					body := numbered(i / 2)
					if i/2 == 3 {
						body = strings.Replace(body, "Number", strings.Repeat("word ", 2000), 1)
					}
					if post(t.Context(), s, body).status == 500 {
						got.WriteByte('x')
					} else {
						got.WriteByte('.')
					}
					time.Sleep(time.Second)
				}
				if got.String() != test.want {
					t.Errorf("got %s, want %s", &got, test.want)
				}
			})
		})
	}
}

func TestTheFirstRuleThatIsMetCounts(t *testing.T) {
	s := ruledBy(mock.FaultRule{IDs: []string{"X04"}, Calls: []int{2}}, mock.FaultRule{IDs: []string{"X01"}})
	for i, want := range []int{408, 500, 408} {
		if a := post(t.Context(), s, ask("")); a.status != want {
			t.Errorf("call %d: %d, want %d", i+1, a.status, want)
		}
	}
}

func TestACallChoosesItsFaultByModelName(t *testing.T) {
	s := ruledBy()
	as := func(model string) answer {
		return post(t.Context(), s, strings.Replace(ask(""), `"m"`, `"`+model+`"`, 1))
	}
	if a := as("m:X02"); a.status != 529 {
		t.Errorf("got %+v", a)
	}
	if a := as("m:none"); a.status != 400 || !strings.Contains(a.body, "there is no fault") {
		t.Errorf("got %+v", a)
	}
	if a := as("n:X02"); a.status != 404 {
		t.Errorf("got %+v", a)
	}
	if b := s.Bill()["m"]; b.Refused != 2 && b.Refused != 1 {
		t.Errorf("bill %+v", b)
	}
	if e := s.Log()[0]; e.Fault != "X02" || e.Request.Model != "m" {
		t.Errorf("the log says %+v", e)
	}
}

func TestAnUnknownFaultIsRefused(t *testing.T) {
	s := ruledBy()
	for id, want := range map[string]string{"F99": "there is no fault", "F11": "not for a server to cause"} {
		resp, body, err := faulty(t.Context(), s, id, "", 1<<20)
		if err != nil || resp.StatusCode != 400 || !strings.Contains(body, want) {
			t.Errorf("%s: %v %q %v", id, resp, body, err)
		}
	}
}

func TestWrongRulesAreToldAtOnce(t *testing.T) {
	for _, test := range []struct {
		rule mock.FaultRule
		want string
	}{
		{mock.FaultRule{}, "Faults[0].IDs: empty"},
		{mock.FaultRule{IDs: []string{"F99"}}, `no fault "F99"`},
		{mock.FaultRule{IDs: []string{"F11"}}, "not for a server"},
		{mock.FaultRule{IDs: []string{"F01"}, Rate: 1.5}, "Faults[0].Rate: 1.5"},
	} {
		s := ruledBy(test.rule)
		if err := s.Listen("127.0.0.1:0"); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v", test.rule, err)
		}
		if a := post(t.Context(), s, ask("")); a.status != 500 || !strings.Contains(s.Log()[0].Error, test.want) {
			t.Errorf("%+v: %+v", test.rule, a)
		}
	}
}

func TestMixedFaultsAreOfSeveralKinds(t *testing.T) {
	s := ruledBy(mock.FaultRule{IDs: []string{"F42"}})
	kinds := map[string]int{}
	for i := range 60 {
		a := post(t.Context(), s, numbered(i))
		kinds[fmt.Sprint(a.status, howEnded(a.err, true))]++
	}
	if len(kinds) < 5 {
		t.Errorf("got %v", kinds)
	}
}

func TestACutPromptIsNotToldOf(t *testing.T) {
	var heard mock.Request
	m := model(func(_ context.Context, r mock.Request) (mock.Reply, error) {
		heard = r
		return mock.Reply{Text: "yes"}, nil
	})
	s := mock.NewHandler(mock.Config{Models: []mock.Model{m}, Faults: []mock.FaultRule{{IDs: []string{"X69"}}}})
	body := func(n int) string {
		return `{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"The beginning. ` + strings.Repeat("word ", n) + `The end."}]}`
	}
	for _, n := range []int{100, 3000, 4000} {
		c := post(t.Context(), s, body(n)).completion(t)
		text := heard.Messages[1].Content
		if cut := n > 2000; cut != (c.Usage.Prompt == 2048) || cut == strings.Contains(text, "The beginning.") || !strings.HasSuffix(text, "The end.") || heard.Messages[0].Content != "Be brief." {
			t.Errorf("%d words: %+v, heard %.40q…", n, c.Usage, text)
		}
		if e := s.Log(); (n > 2000) != (e[len(e)-1].Fault == "X69") || !strings.Contains(e[len(e)-1].Request.Messages[1].Content, "The beginning.") {
			t.Errorf("%d words: the log says %q", n, e[len(e)-1].Fault)
		}
	}
}

func TestFaultsOfPlansLeaveOtherRepliesAlone(t *testing.T) {
	s := ruledBy(mock.FaultRule{IDs: []string{"H"}})
	for i := range 20 {
		if got := deref(post(t.Context(), s, numbered(i)).completion(t).Choices[0].Message.Content); got != "yes" {
			t.Errorf("got %q", got)
		}
	}
	if e := s.Log()[0]; e.Fault != "" {
		t.Errorf("the log says %q", e.Fault)
	}
}

// Whatever a client writes into the header, it gets an answer, or what the
// fault is.
func FuzzFaultHeader(f *testing.F) {
	for _, id := range []string{"F02a", "F99", "", " X04 ", "A", "*", "F15", "\xff"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if strings.ContainsAny(id, "\r\n\x00") {
			t.Skip("no header")
		}
		s := ruledBy()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://mock/v1/chat/completions", strings.NewReader(ask("")))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Mock-Fault", id)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		resp, err := s.Transport().RoundTrip(req.WithContext(ctx))
		if err == nil {
			resp.Body.Close()
		}
	})
}

// Whatever a model says, a fault of plans makes a reply of it.
func FuzzFaultsOfPlans(f *testing.F) {
	ids := append(mock.FaultIDs("H"), append(mock.FaultIDs("F26"), "X65", "F10")...)
	for i, text := range []string{planText, `{"a":[{"id":"x"},{"name":"y","after":["x"]}]}`, `{"s":[{"id":""}],"t":{"u":[{"key":"k","kind":"once"}]}}`, `{}`, "[1]", "no JSON", ""} {
		f.Add(text, uint(i))
	}
	f.Fuzz(func(t *testing.T, text string, n uint) {
		s := server(model(mock.Say(text)))
		req := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(ask("")))
		req.Header.Set("X-Mock-Fault", ids[n%uint(len(ids))])
		w := httptest.NewRecorder()
		s.ServeHTTP(w, req)
		answer{status: w.Code, body: w.Body.String()}.completion(t)
	})
}
