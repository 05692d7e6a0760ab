package schedule

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata/*.txt")

// TestScripts plays testdata/*.txt against the machine. A script is a list of
// blocks: commands, a line "----", and what they print. See script.run for
// the verbs.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			got := play(string(data))
			if *update {
				if err := os.WriteFile(f, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(data) {
				t.Errorf("got:\n%s", got)
			}
		})
	}
}

// play runs a whole script and returns it with the output that it printed.
func play(text string) string {
	s := &script{names: map[string]int{}}
	var out strings.Builder
	for i, block := range strings.Split(strings.TrimRight(text, "\n"), "\n\n") {
		if i > 0 {
			out.WriteString("\n")
		}
		var printed []string
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			if line == "----" {
				break
			}
			out.WriteString(line + "\n")
			if line != "" && !strings.HasPrefix(line, "#") {
				printed = append(printed, s.run(strings.Fields(line))...)
			}
		}
		out.WriteString("----\n")
		for _, p := range printed {
			out.WriteString(p + "\n")
		}
	}
	return out.String()
}

type script struct {
	m     *Machine
	names map[string]int
	list  []string
	ended map[Ref]Outcome
}

var outcomes = map[string]Outcome{"done": Done, "abstained": Abstained, "failed": Failed, "skipped": Skipped, "cancelled": Cancelled}

func (o Outcome) String() string {
	for name, v := range outcomes {
		if v == o {
			return name
		}
	}
	return "pending"
}

// run carries out one command and returns what it prints:
//
//	places N                                a machine with N places
//	add NAME COUNT [needs=A,B] [est=N]      a step of COUNT subtasks
//	add NAME follow=A … | unfold=A …        a pipeline's next step; a list's
//	next [N]                                take N subtasks
//	end A/0 [OUTCOME]                       a taken subtask ended
//	unfold A N                              a list's length
//	park A/0 | return A/0 | cancel | resume | state
func (s *script) run(f []string) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	switch f[0] {
	case "places":
		s.m = New(atoi(f[1]))
		s.names, s.list, s.ended = map[string]int{}, nil, map[Ref]Outcome{}
		return nil
	case "add":
		sp := Spec{Of: -1}
		for _, a := range f[2:] {
			k, v, _ := strings.Cut(a, "=")
			switch k {
			case "needs":
				for _, n := range strings.Split(v, ",") {
					sp.Needs = append(sp.Needs, s.names[n])
				}
			case "est":
				sp.Est = int64(atoi(v))
			case "follow":
				sp.Mode, sp.Of = Follow, s.names[v]
			case "unfold":
				sp.Mode, sp.Of = Unfold, s.names[v]
			default:
				sp.Count = atoi(k)
			}
		}
		sp.Ended = func(i int) Outcome { return s.ended[Ref{int32(sp.Of), int32(i)}] }
		s.names[f[1]] = s.m.Add(sp)
		s.list = append(s.list, f[1])
	case "next":
		n := 1
		if len(f) > 1 {
			n = atoi(f[1])
		}
		for range n {
			ref, ok := s.m.Next()
			if !ok {
				say("nothing")
				break
			}
			say("take %s", s.name(ref))
		}
	case "end":
		o := Done
		if len(f) > 2 {
			o = outcomes[f[2]]
		}
		ref := s.ref(f[1])
		s.ended[ref] = o
		s.m.Done(ref, o)
	case "unfold":
		s.m.Unfold(s.names[f[1]], atoi(f[2]))
	case "park":
		if s.m.Park(s.ref(f[1])) {
			say("%s parked", f[1])
		} else {
			say("%s keeps its place", f[1])
		}
	case "return":
		if s.m.Return(s.ref(f[1])) {
			say("%s goes on", f[1])
		} else {
			say("%s waits for a place", f[1])
		}
	case "resume":
		s.m.Resume()
	case "cancel":
		s.m.Cancel()
	case "state":
		say("working %d parked %d ready %v quiet %v", s.m.working, s.m.parked, s.m.Ready(), s.m.Quiet())
		for i, name := range s.list {
			st := &s.m.steps[i]
			say("  %s: %d of %d ended, priority %d", name, st.ended, st.count, s.m.Priority(i))
		}
	default:
		say("unknown verb %s", f[0])
	}
	for {
		n, ok := s.m.Unfolding()
		if !ok {
			break
		}
		say("unfold %s?", s.list[n])
	}
	for _, r := range s.m.Drain() {
		say("%s/[%d,%d) %s", s.list[r.Step], r.From, r.To, r.Outcome)
		for i := r.From; i < r.To; i++ {
			s.ended[Ref{int32(r.Step), int32(i)}] = r.Outcome
		}
	}
	for {
		ref, ok := s.m.Grant()
		if !ok {
			break
		}
		say("%s has its place back", s.name(ref))
	}
	return out
}

func (s *script) name(r Ref) string { return fmt.Sprintf("%s/%d", s.list[r.Step], r.Index) }

func (s *script) ref(id string) Ref {
	name, i, _ := strings.Cut(id, "/")
	return Ref{int32(s.names[name]), int32(atoi(i))}
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}
