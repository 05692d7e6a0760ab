package mock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
)

func TestTheZeroConfigServesTheBuiltInModels(t *testing.T) {
	s := mock.NewHandler(mock.Config{})
	for id, want := range map[string]int64{"mock-small": 200, "mock-large": 4000} { // nano-dollars a prompt token
		a := post(t.Context(), s, `{"model":"`+id+`","messages":[{"role":"user","content":"Question: who wrote it?\n\nThe book was written by a sailor of Brest."}]}`)
		if a.status != 200 {
			t.Fatalf("%s: got %d %s", id, a.status, a.body)
		}
		b := s.Bill()[id]
		if b.Calls != 1 || b.Unpriced != 0 || b.Cost < int64(b.Usage.In)*want {
			t.Errorf("%s: %+v", id, b)
		}
	}
}

func TestModelsWithoutABrainReadLikeTheSmallOne(t *testing.T) {
	s := server(mock.Model{ID: "m"}, mock.Small())
	body := `"messages":[{"role":"user","content":"Question: who wrote it?\n\nThe book was written by a sailor of Brest."}]}`
	a := post(t.Context(), s, `{"model":"m",`+body).completion(t)
	b := post(t.Context(), s, `{"model":"mock-small",`+body).completion(t)
	if deref(a.Choices[0].Message.Content) != deref(b.Choices[0].Message.Content) {
		t.Errorf("%q, %q", deref(a.Choices[0].Message.Content), deref(b.Choices[0].Message.Content))
	}
}

func TestTheLaterModelOfAnIDCounts(t *testing.T) {
	s := server(model(mock.Say("first")), model(mock.Say("second")))
	if got := deref(post(t.Context(), s, ask("")).completion(t).Choices[0].Message.Content); got != "second" {
		t.Errorf("got %q", got)
	}
}

func TestTypicalLatenciesAreOfSecondsNotMinutes(t *testing.T) {
	for name, l := range map[string]mock.Latency{"large": mock.LargeLatency(), "small": mock.SmallLatency()} {
		synctest.Test(t, func(t *testing.T) {
			m := model(mock.Say(tenWords))
			m.Latency = l
			start := time.Now()
			post(t.Context(), server(m), ask("")).completion(t)
			if took := time.Since(start); took < 50*time.Millisecond || took > 5*time.Second {
				t.Errorf("%s: %v", name, took)
			}
		})
	}
}
