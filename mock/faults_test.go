package mock_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/mock"
)

const planText = `{"notes":"two steps","steps":[{"id":"a","do":"read","over":"chunks","needs":[]},{"id":"b","do":"sum up","over":"once","needs":["a"]}]}`

// seen is what testdata/faults.txt says of a fault.
type seen struct {
	outcome, head, plain, stream, end string
}

func seenFaults(t *testing.T) map[string]seen {
	t.Helper()
	b, err := os.ReadFile("testdata/faults.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]seen{}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.ReplaceAll(line, "; charset", " charset"), "|")
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		f = append(f, "", "", "", "", "")
		s := seen{f[1], f[2], f[3], f[4], f[5]}
		if s.stream == "" {
			s.stream = s.plain
		}
		if _, again := out[f[0]]; again {
			t.Errorf("%s stands twice in the table", f[0])
		}
		out[f[0]] = s
	}
	return out
}

// holds tells whether a body has the parts of a pattern in their order, and
// not what stands after a !.
func holds(t *testing.T, body, pattern string) bool {
	t.Helper()
	has, lacks, _ := strings.Cut(pattern, "!")
	unquote := func(s string) string {
		out, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		return out
	}
	if lacks != "" && strings.Contains(body, unquote(lacks)) {
		return false
	}
	for part := range strings.SplitSeq(has, "…") {
		_, rest, found := strings.Cut(body, unquote(part))
		if !found {
			return false
		}
		body = rest
	}
	return true
}

// joined is the text of a stream's chunks, as it stands in JSON.
func joined(stream string) string {
	var text strings.Builder
	for _, m := range delta.FindAllStringSubmatch(stream, -1) {
		text.WriteString(m[1])
	}
	return `"content":"` + text.String() + `"`
}

var delta = regexp.MustCompile(`"delta":\{(?:"role":"assistant",)?"content":"((?:[^"\\]|\\.)*)"`)

// howEnded names the way in which a reply ended.
func howEnded(err error, all bool) string {
	switch {
	case !all:
		return "endless"
	case err == nil:
		return ""
	case errors.Is(err, context.DeadlineExceeded):
		return "hold"
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "cut"
	}
	return err.Error()
}

// faulty calls a server with the fault in the header and reads so many bytes
// at most.
func faulty(ctx context.Context, s *mock.Server, id, further string, most int64) (resp *http.Response, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://mock/v1/chat/completions", strings.NewReader(strings.Replace(ask(further), "What", "As JSON: what", 1)))
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("X-Mock-Fault", id)
	req.Header.Set("Authorization", "Bearer "+canary.Key)
	resp, err = s.Transport().RoundTrip(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, most))
	return resp, string(b), err
}

const streamFurther = `,"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}`

func TestEveryFaultIsSeenByAClientAsTheTableSays(t *testing.T) {
	table := seenFaults(t)
	for _, f := range mock.Faults() {
		want, ok := table[f.ID]
		delete(table, f.ID)
		switch {
		case f.ID == "F42" || f.ID == "X69": // have tests of their own
			continue
		case f.Client && !ok:
			continue
		case f.Client || !ok:
			t.Errorf("%s: in the table: %v; for clients alone: %v", f.ID, ok, f.Client)
			continue
		}
		for _, further := range []string{"", streamFurther} {
			name := f.ID + map[bool]string{false: " plain", true: " streamed"}[further != ""]
			t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { seeFault(t, f, want, further) }) })
		}
	}
	for id := range maps.Keys(table) {
		t.Errorf("the table has %s, the catalogue has not", id)
	}
}

func seeFault(t *testing.T, f mock.Fault, want seen, further string) {
	streamed := further != ""
	text, pattern := "One two three four five six seven.", want.plain
	if f.Group == "H" || strings.HasPrefix(f.ID, "F26") {
		text = planText
	}
	if f.ID == "F26c" {
		further += `,"response_format":{"type":"json_object"}`
	}
	if streamed {
		pattern = want.stream
	}
	s := server(model(mock.Say(text)))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
	defer cancel()
	start := time.Now()
	most := int64(64 << 20)
	if want.end == "endless" {
		most = 1 << 20
	}
	resp, body, err := faulty(ctx, s, f.ID, further, most)
	took := time.Since(start)
	outcome, end := howEnded(err, int64(len(body)) < most), ""
	if resp != nil {
		outcome, end = strconv.Itoa(resp.StatusCode), outcome
	}
	if status, after, ok := strings.Cut(want.outcome, " after "); ok {
		want.outcome = status
		if took.String() != after {
			t.Errorf("took %v, want %s", took, after)
		}
	}
	if outcome != want.outcome || end != want.end {
		t.Errorf("got %q ending in %q (%v), want %q and %q", outcome, end, err, want.outcome, want.end)
	}
	if resp != nil {
		seeHeaders(t, resp.Header, want.head)
		if streamed {
			body += "\n" + joined(body)
		}
		if !holds(t, body, pattern) {
			t.Errorf("want %s in %.400q … %q", pattern, body, body[max(0, len(body)-200):])
		}
	}
	synctest.Wait()
	switch log := s.Log(); {
	case len(log) != 1:
		t.Errorf("%d entries in the log", len(log))
	case log[0].Fault != f.ID || log[0].Charge != f.Charged || log[0].Attempt != 1:
		t.Errorf("the log says fault %q, charge %v, attempt %d", log[0].Fault, log[0].Charge, log[0].Attempt)
	case strings.Contains(fmt.Sprint(log[0].Replies, log[0].Error, log[0].Header), canary.Key):
		t.Error("the log holds the key")
	case !f.Charged && log[0].Usage != mock.Usage{}:
		t.Errorf("not charged, and used %+v", log[0].Usage)
	}
}

func seeHeaders(t *testing.T, h http.Header, want string) {
	t.Helper()
	for pair := range strings.SplitSeq(want, ";") {
		key, value, ok := strings.Cut(strings.TrimSpace(pair), ":")
		if ok && strings.ReplaceAll(strings.Join(h.Values(key), ","), ";", "") != strings.TrimSpace(value) {
			t.Errorf("%s: got %q, want %q", key, h.Values(key), value)
		}
	}
}

func TestTheCatalogueIsWhole(t *testing.T) {
	ids := map[string]bool{}
	recoveries := []mock.Recovery{mock.Unharmed, mock.Again, mock.Elsewhere, mock.Changed, mock.Never}
	for _, f := range mock.Faults() {
		if ids[f.ID] {
			t.Errorf("%s stands twice", f.ID)
		}
		ids[f.ID] = true
		if f.Name == "" || f.Says == "" || len(f.Group) != 1 || !strings.Contains("ABCDEFGHIJX", f.Group) {
			t.Errorf("%s: %+v", f.ID, f)
		}
		if !f.Client && !slices.Contains(recoveries, f.Recovery) {
			t.Errorf("%s: recovery %q", f.ID, f.Recovery)
		}
		if f.Client != (len(mock.FaultIDs(f.ID)) == 0) {
			t.Errorf("%s: for clients alone: %v, stands for %v", f.ID, f.Client, mock.FaultIDs(f.ID))
		}
	}
	for n := 1; n <= 59; n++ {
		id := "F" + strconv.Itoa(100 + n)[1:]
		if !ids[id] && !ids[id+"a"] {
			t.Errorf("%s is missing", id)
		}
	}
	if got := mock.FaultIDs("F15"); !slices.Equal(got, []string{"F15a", "F15b", "F15c"}) {
		t.Errorf("F15 stands for %v", got)
	}
	if a, all := mock.FaultIDs("A"), mock.FaultIDs("*"); len(a) < 20 || len(all) < 150 || len(mock.FaultIDs("F0")) != 0 {
		t.Errorf("%d in group A, %d in all", len(a), len(all))
	}
}
