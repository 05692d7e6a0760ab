package mock_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/mock"
)

// What a call costs in all, in memory, with a prompt of 3.6 KB that is new
// each time (its tokens must be counted) or always the same.
func BenchmarkServe(b *testing.B) {
	for _, fresh := range []bool{true, false} {
		for _, further := range []string{"", `,"stream":true`} {
			b.Run(fmt.Sprintf("fresh=%v/stream=%v", fresh, further != ""), func(b *testing.B) {
				s := server(model(mock.Say(strings.Repeat(tenWords+" ", 5))))
				text := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 80)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					say := text
					if fresh {
						say += fmt.Sprint(i)
					}
					quoted, err := json.Marshal(say)
					if err != nil {
						b.Fatal(err)
					}
					if a := post(b.Context(), s, `{"model":"m","messages":[{"role":"user","content":`+string(quoted)+`}]`+further+`}`); a.status != 200 {
						b.Fatal(a)
					}
				}
			})
		}
	}
}
