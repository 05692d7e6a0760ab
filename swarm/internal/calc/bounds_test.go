//go:build unix

package calc

import (
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"
)

// cpu is the time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it fails for bad arguments alone
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure runs f and returns how much CPU time it took and the most bytes of live
// and dead objects that were on the heap meanwhile, beyond those before.
func measure(f func()) (time.Duration, int) {
	read := func() int {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	runtime.GC()
	before, peak := read(), 0
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
				peak = max(peak, read()-before)
			}
		}
	}()
	start := cpu()
	f()
	took := cpu() - start
	close(stop)
	<-stopped
	return took, max(peak, read()-before)
}

// many is a step of n records.
func many(n int) Step {
	s := Step{ID: "list"}
	for i := range n {
		s.Findings = append(s.Findings, Finding{
			Text: fmt.Sprintf("Record %d of a list, with some words of text around its figures.", i),
			Data: json.RawMessage(fmt.Sprintf(`{"name":"n%d","group":%d,"amount":"%d,%03d.50"}`, i%700, i%50, i%7+1, i%1000)), Ref: i,
		})
	}
	return s
}

var hostile = []string{
	`repeat("a", 1000000000)`,
	`1..1000000000`,
	`1..9223372036854775807`,
	`-9223372036854775807..9223372036854775807`,
	`len([` + strings.Repeat(`1..100000,`, 1400) + `])`,
	`count(1..100000, any(1..100000, false))`,
	`count(list, count(list, .name == "x") > 0)`,
	`reduce(1..100, #acc + #acc, "ab")`,
	`reduce(1..100, [#acc, #acc], [1])`,
	`reduce(1..100, {"a": #acc, "b": #acc}, {})`,
	`string(reduce(1..17, [#acc, #acc], "x"))`,
	`reduce(1..100000, [#acc], [])`,
	`reduce(1..100000, {"a": #acc}, nil)`,
	`reduce(1..100, concat(#acc, #acc), [1, 2])`,
	`reduce(1..1000, replace(#acc, "a", "aaaa"), "a")`,
	`let s = reduce(1..20, #acc + #acc, "a"); replace(s, "", s)`,
	`let s = reduce(1..20, #acc + #acc, "a"); split(s, "")`,
	`let s = reduce(1..20, #acc + #acc, "a"); join(map(1..1000, s), s)`,
	`let s = reduce(1..20, #acc + #acc, "a"); map(1..1000, s + "x")`,
	`let s = reduce(1..20, #acc + #acc, "a"); map(1..1000, upper(s))`,
	`let s = reduce(1..20, #acc + #acc, "a"); let t = s + ""; count(1..100000, s == t)`,
	`let s = reduce(1..20, #acc + #acc, "a"); let t = s + "b"; count(1..100000, s < t or t contains "ab")`,
	`let s = reduce(1..20, #acc + #acc, "a"); count(1..1000, s matches "(a*)*(a*)*b")`,
	`let s = reduce(1..20, #acc + #acc, "a"); count(1..100000, int(s) > 0)`,
	`let s = reduce(1..20, #acc + #acc, "a"); count(1..100000, trim(s) == lower(s))`,
	`let s = reduce(1..20, #acc + #acc, "1"); count(1..100000, num(s, 0) > 1)`,
	`"` + strings.Repeat("a{1000}", 2000) + `" matches "` + strings.Repeat("a{1000}", 2000) + `"`,
	`"x" matches "` + strings.Repeat("a{1000}", 70) + `"`,
	`"x" matches "((((a{10}){10}){10}){10}){10}"`,
	`map(1..100000, {"a": #, "b": #, "c": #})`,
	`map(1..100000, [#, #])`,
	`let l = 1..100000; map(1..100, map(l, #))`,
	`let l = 1..100000; map(1..1000, reverse(l))`,
	`let l = 1..100000; map(1..1000, sortBy(l, -#))`,
	`let l = 1..100000; map(1..1000, groupBy(l, #))`,
	`let l = 1..100000; count(1..100000, 0 in l)`,
	`let l = 1..100000; count(1..100000, max(l) > sum(l))`,
	`let l = 1..100000; concat(` + strings.Repeat("l,", 5000) + `l)`,
	`let l = 1..100000; max(` + strings.Repeat("l,", 5000) + `l)`,
	`let l = map(1..1000, map(1..100, #)); count(1..100000, l == l)`,
	`let l = map(1..1000, map(1..100, #)); uniq(map(1..1000, l))`,
	`map(list, list)`,
	`map(list, string(list))`,
	`map(1..100000, list[0])`,
	`map(1..100000, {"r": list[0]})`,
	`string(map(1..100000, list[0]))`,
	`uniq(map(1..100000, list[0]))`,
	`2 ** 1000000000`,
	`reduce(1..100000, #acc * #acc, 3)`,
	`round(2 ** 1000, 15) + round(1e308, 15)`,
	strings.Repeat("(", 16000) + "1",
	strings.Repeat("-", 16000) + "1",
	strings.Repeat("not ", 4000) + "true",
	strings.Repeat("[", 8000) + strings.Repeat("]", 8000),
	strings.Repeat("map([1],", 1500) + "1" + strings.Repeat(")", 1500),
	strings.Repeat("let a = 1;", 1500) + "a",
	strings.Repeat("{a:", 4000) + "1" + strings.Repeat("}", 4000),
	"1" + strings.Repeat(" + 1", 3999),
	"list" + strings.Repeat("[0]", 3999),
	strings.Repeat("true ? 1 : ", 1400) + "1",
	strings.Repeat("x", 1<<20),
	`flatten(flatten(map(1..300, map(1..300, list))))`,
	`fromJSON("[" + "[")`,
	`$env["get"]`,
	`$tick()`, `$walk()`, `$made()`, `$matches("x")`, `get(1)`,
	`let x = steps; map(keys(x), x[#][0].name)`,
}

// No program takes more than 64 MB, the records it is given included, nor more
// than a second; the test allows five of CPU time, for slower machines and the
// collector, and ten times that under the race detector.
func TestNoProgramTakesMoreThanItMay(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures time and memory")
	}
	most := 5 * time.Second
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		most *= 10
	}
	steps := []Step{many(10_000)}
	slowest, largest := time.Duration(0), 0
	for _, program := range hostile {
		shown := program[:min(len(program), 70)]
		var err error
		var results []Result
		took, peak := measure(func() { results, err = Run(t.Context(), program, steps) })
		runtime.KeepAlive(results)
		slowest, largest = max(slowest, took), max(largest, peak)
		t.Logf("%7.0f ms %4d MB  %s: %.100v", float64(took.Microseconds())/1000, peak>>20, shown, err)
		if took > most || peak > 64<<20 {
			t.Errorf("%s took %v and %d MB", shown, took, peak>>20)
		}
	}
	t.Logf("slowest %v, largest %d MB", slowest, largest>>20)
}

func TestLargeRealProgramsFit(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	others := many(100)
	others.ID = "others"
	for _, program := range []string{
		`count(list, let r = #; any(others, .name + "x" == r.name))`,
		`count(list, let r = #; any(others, .name == r.text))`,
		`let g = groupBy(list, .group); map(keys(g), {"group": #, "total": sum(g[#], num(.amount)), "from": g[#]})`,
		`take(sortBy(filter(list, num(.amount) > 1500 and .text contains "figures"), num(.amount), "desc"), 3)`,
		`count(list, .text matches "^Record [0-9]+ of (a|the) list")`,
		`join(map(list, .name + ": " + .amount), "\n")`,
	} {
		took, peak := measure(func() {
			if _, err := Run(t.Context(), program, []Step{many(10_000), others}); err != nil {
				t.Errorf("%s: %v", program, err)
			}
		})
		t.Logf("%v, %d MB: %s", took, peak>>20, program)
	}
}

// Any program ends, without a panic, and twice in the same way.
func FuzzRun(f *testing.F) {
	for _, program := range hostile {
		if len(program) < 500 && !testing.Short() {
			f.Add(program)
		}
	}
	for _, program := range []string{
		`map(groupBy(list, .group), .amount)`, `sum(list, num(.amount, 0)) / len(list)`, `{"from": list, a: [nil, 1.5]}`,
		`let d = date("2024-01-31"); days(d, "2024-03-01") + " days"`, `list | filter(.name matches "^n[0-3]$") | map(#?.amount[:2])`,
		`keys(groupBy(list, .group > 3))`, `sortBy(list, .group)[1:3]`, `get(list[0], "name", 'x') in ["n0"] ? -1 : 2 ** 3 % 5`,
	} {
		f.Add(program)
	}
	steps := []Step{many(20), {ID: "empty"}}
	f.Fuzz(func(t *testing.T, program string) {
		start := cpu()
		got, err := Run(t.Context(), program, steps)
		if took := cpu() - start; took > time.Minute {
			t.Errorf("it took %v", took)
		}
		again, errAgain := Run(t.Context(), program, steps)
		if !reflect.DeepEqual(got, again) || fmt.Sprint(err) != fmt.Sprint(errAgain) {
			t.Errorf("once %v, %v\nonce %v, %v", got, err, again, errAgain)
		}
		for _, r := range got {
			if len(r.Data) > 0 && (r.Data[0] != '{' || !json.Valid(r.Data)) || !utf8.ValidString(r.Text) {
				t.Errorf("text %q, data %q", r.Text, r.Data)
			}
		}
	})
}
