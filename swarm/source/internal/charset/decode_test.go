package charset_test

import (
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm/source/internal/charset"
)

func TestNothingIsDamagedSilently(t *testing.T) {
	right, noted, refused := 0, 0, 0
	for _, enc := range encodings {
		for _, lang := range enc.langs {
			want := samples[lang]
			data, err := enc.e.NewEncoder().Bytes([]byte(want))
			if err != nil {
				t.Errorf("%s in %s: %v", lang, enc.name, err)
				continue
			}
			got, notes, err := charset.Decode(data, "")
			switch {
			case err != nil:
				refused++
				t.Logf("%s in %s refused: %v", lang, enc.name, err)
			case got == want:
				right++
				if len(notes) == 0 {
					t.Errorf("%s in %s: read without a note", lang, enc.name)
				}
			case len(notes) == 0:
				t.Errorf("%s in %s: damaged silently: %q", lang, enc.name, got)
			default:
				noted++
				t.Logf("%s in %s: wrong, with notes %q: %s", lang, enc.name, notes, strings.ReplaceAll(got[:min(len(got), 120)], "\n", " "))
			}
		}
	}
	t.Logf("%d read rightly, %d wrongly with a note, %d refused", right, noted, refused)
}
