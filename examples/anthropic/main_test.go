package main

import (
	"io"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

func TestExample(t *testing.T) {
	f := &fake{}
	defer f.listen().Close()
	var out strings.Builder
	a, err := run(t.Context(), &out, f.url, "", 4)
	if err != nil || !strings.Contains(out.String(), "The lock closes at a wind of nine. [1]") || len(a.Citations) != 1 || !a.Citations[0].Verified {
		t.Errorf("%v: %s", err, out.String())
	}
}

// Whatever the fake does, all is read, and the books equal its bill.
func TestBooksEqualTheBill(t *testing.T) {
	for _, fault := range []string{"429", "529", "500", "event", "cut"} {
		f := &fake{fault: fault}
		server := f.listen()
		a, err := run(t.Context(), io.Discard, f.url, "", 60)
		server.Close()
		if err != nil || a.Coverage.ChunksRead != 60 || !strings.Contains(a.Text, "wind of nine") {
			t.Fatalf("%s: %v, %+v", fault, err, a.Coverage)
		}
		u, in, kept, out := a.Report.Usage, int(f.in.Load()), int(f.kept.Load()), int(f.out.Load())
		if u.In != in || u.Cached != kept || u.Out != out || u.Calls != int(f.calls.Load()) || u.Calls < 70 {
			t.Errorf("%s: %+v is booked, the bill is %d, %d, %d of %d calls", fault, u, in, kept, out, f.calls.Load())
		}
		// In nano-dollars: $1, $0.10 and $5 a million.
		if want := swarm.Money(1000*(in-kept) + 100*kept + 5000*out); u.Cost != want {
			t.Errorf("%s: %v is booked, the bill is %v", fault, u.Cost, want)
		}
	}
}
