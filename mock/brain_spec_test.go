package mock

import (
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// specText is the Go specification as plain text with "# " headings.
func specText(t testing.TB) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skip("no go command here:", err)
	}
	b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "doc", "go_spec.html"))
	if err != nil {
		t.Skip("no Go specification here:", err)
	}
	s := string(b)
	for _, cut := range []struct{ re, by string }{
		{`(?s)<!--.*?-->`, ""},
		{`\n+`, "\n"},
		{`(?s)<h([1-6])[^>]*>(.*?)</h[1-6]>`, "\n\n#$1# $2\n\n"},
		{`(?s)</?(p|pre|ul|ol|dl|table)[^>]*>`, "\n\n"},
		{`<li[^>]*>`, "- "},
		{`(?s)<[^>]*>`, ""},
		{`\n[ \t]*\n\s*`, "\n\n"},
	} {
		s = regexp.MustCompile(cut.re).ReplaceAllString(s, cut.by)
	}
	for level := 1; level <= 6; level++ {
		s = strings.ReplaceAll(s, "#"+string(rune('0'+level))+"# ", strings.Repeat("#", level)+" ")
	}
	return html.UnescapeString(s)
}

func TestBrainsFindFactsInTheGoSpecification(t *testing.T) {
	pieces := cutText(specText(t), 2400)
	questions := []struct {
		ask  string
		want []string
	}{
		{"What happens if you close a channel that is already closed?", []string{"closing a closed channel causes a run-time panic"}},
		{"In what order are deferred calls executed when a function returns?", []string{"reverse order"}},
		{"What is the default value of a variable declared without an initial value?", []string{"zero value"}},
		{"Is the iteration order over a map guaranteed?", []string{"iteration order over maps is not specified"}},
		{"What does a receive from a closed channel yield?", []string{"closed channel", "zero value"}},
		{"How does a select statement choose when several communications can proceed?", []string{"uniform pseudo-random selection"}},
		{"Which built-in function makes a program recover from a panicking goroutine?", []string{"recover"}},
		{"What is the value of iota in the first ConstSpec?", []string{"starting at zero"}},
		{"May a string be modified after it was created?", []string{"immutable"}},
		{"How big is a value of type uint16 in bytes?", []string{"uint16"}},
		{"What happens when an integer is divided by zero at run time?", []string{"divisor is zero", "run-time panic"}},
		{"What must the main package declare so that the program can start?", []string{"main", "no arguments"}},
		{"When are two interface values equal?", []string{"identical dynamic types"}},
		{"Why does storing into a nil map fail?", []string{"nil map"}},
		{"How many methods does the empty interface have?", []string{"empty"}},
		{"What are the characters that an identifier may begin with?", []string{"first character", "letter"}},
	}
	good, answered := 0, 0
	for _, q := range questions {
		reads := readAll(t, q.ask, "go_spec.html", pieces)
		answered += len(reads)
		_, quotes := mergeAll(t, q.ask, reads)
		if hit(quotes, 3, q.want...) {
			good++
			continue
		}
		rank := -1
		for i, r := range reads {
			if hit([]string{r.Quote}, 1, q.want...) {
				rank = i
				break
			}
		}
		t.Logf("missed %q: small rank %d of %d, quotes %q", q.ask, rank, len(reads), quotes[:min(3, len(quotes))])
	}
	share := float64(answered) / float64(len(pieces)*len(questions))
	t.Logf("%d of %d right, %.1f %% of %d chunks answered", good, len(questions), 100*share, len(pieces))
	if 12*good < 11*len(questions) {
		t.Errorf("%d of %d right", good, len(questions))
	}
	if share > 0.25 {
		t.Errorf("%.0f %% of all chunks were answered from", 100*share)
	}
}
