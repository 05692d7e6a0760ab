package main

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

func TestExample(t *testing.T) {
	server := httptest.NewServer(&fake{})
	defer server.Close()
	var out strings.Builder
	a, err := run(t.Context(), &out, server.URL, "", harbour)
	if err != nil || !strings.Contains(out.String(), "The lock closes at a wind of nine. [1]") || len(a.Citations) != 1 || !a.Citations[0].Verified {
		t.Errorf("%v: %s", err, out.String())
	}
}

// Whatever the fake does, all is read, and the books equal its bill.
func TestBooksEqualTheBill(t *testing.T) {
	boats := strings.Repeat("Boats come and go. ", 400)
	for _, fault := range []string{"429", "529", "500", "event", "cut"} {
		f := &fake{fault: fault}
		server := httptest.NewServer(f)
		a, err := run(t.Context(), io.Discard, server.URL, "", boats+harbour+boats)
		server.Close()
		if err != nil || a.Coverage.ChunksRead < 60 || a.Coverage.ChunksRead < a.Coverage.ChunksKnown || !strings.Contains(a.Text, "wind of nine") {
			t.Fatalf("%s: %v, %+v", fault, err, a.Coverage)
		}
		u, bill := a.Report.Usage, f.bill
		if u.In != bill.In || u.Cached != bill.Cached || u.Out != bill.Out || u.Calls != bill.Calls || u.Calls < 70 {
			t.Errorf("%s: %+v is booked, the bill is %+v", fault, u, bill)
		}
		// In nano-dollars: $1, $0.10 and $5 a million.
		if want := swarm.Money(1000*(bill.In-bill.Cached) + 100*bill.Cached + 5000*bill.Out); u.Cost != want {
			t.Errorf("%s: %v is booked, the bill is %v", fault, u.Cost, want)
		}
	}
}
