package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
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

// meets has each fifth call meet a fault: a status, "event" or "cut" in the middle of the stream.
func (f *fake) meets(fault string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.Lock()
		met := f.bill.Calls%5 == 2
		if met {
			f.bill.Calls++
		}
		f.Unlock()
		if !met {
			f.ServeHTTP(w, r)
			return
		}
		if status, _ := strconv.Atoi(fault); status > 0 {
			kind := map[int]string{429: "rate_limit_error", 529: "overloaded_error"}[status]
			http.Error(w, fmt.Sprintf(`{"type":"error","error":{"type":%q}}`, kind), status)
			return
		}
		fmt.Fprint(w, `data: {"type":"message_start","message":{"usage":{"input_tokens":70,"cache_read_input_tokens":200,"output_tokens":1}}}`, "\n\n",
			`data: {"type":"content_block_delta","delta":{"partial_json":"{\"find"}}`, "\n\n")
		if fault == "event" {
			fmt.Fprint(w, `data: {"type":"error","error":{"type":"overloaded_error"}}`, "\n\n")
		}
		f.Lock()
		defer f.Unlock()
		f.bill = f.bill.Plus(swarm.Usage{In: 270, Cached: 200, Out: 1})
	}
}

// Whatever the server does, all is read, and the books equal its bill.
func TestBooksEqualTheBill(t *testing.T) {
	boats := strings.Repeat("Boats come and go. ", 400)
	for _, fault := range []string{"429", "529", "500", "event", "cut"} {
		f := &fake{}
		server := httptest.NewServer(f.meets(fault))
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
