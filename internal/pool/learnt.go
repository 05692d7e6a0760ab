package pool

import (
	"net/http"
)

// learnt says what a refusal taught of its backend; empty: nothing.
func learnt(err error) string { return "" }

func newTransport(slots int) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = slots, slots
	return t
}
