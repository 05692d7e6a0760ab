package typed_test

import (
	"encoding/json"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/typed"
)

// Calculations and functions of Go give bare values; models give records.
func TestBareValuesAreDecoded(t *testing.T) {
	for _, f := range []swarm.Finding{{Text: "17750"}, {Data: json.RawMessage(`{"value":17750}`)}} {
		if n, err := typed.Decode[float64](f); n != 17750 || err != nil {
			t.Errorf("%+v: %v, %v", f, n, err)
		}
	}
}
