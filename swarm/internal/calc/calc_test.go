package calc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// given is what the tests' programs work on.
var given = []Step{
	{"invoices", []Finding{
		{"Acme: late penalty", json.RawMessage(`{"vendor":"Acme","amount":"1,234.50","category":"IT","date":"2024-01-10"}`), 10},
		{"Bolt desks", json.RawMessage(`{"vendor":"Bolt","amount":"900","category":"Office","date":"2024-01-20"}`), 11},
		{"Acme again", json.RawMessage(`{"vendor":"Acme","amount":"1,234.50","category":"IT","date":"2024-01-10"}`), 12},
		{"Cord PENALTY", json.RawMessage(`{"vendor":"Cord","amount":"12,000.25","category":"Legal","date":"2024-02-03"}`), 13},
		{"Dyna", json.RawMessage(`{"vendor":"Dyna","amount":"77.7","category":"IT","date":"2024-03-09","paid":true}`), 14},
	}},
	{"contracts", []Finding{
		{"a", json.RawMessage(`{"vendor":"Acme","start":"2024-01-15","end":"2025-01-14"}`), 20},
		{"b", json.RawMessage(`{"vendor":"Bolt","start":"2023-01-01","end":"2024-12-31"}`), 21},
		{"e", json.RawMessage(`{"vendor":"Eiger","start":"2022-05-01","end":"2024-04-30"}`), 22},
	}},
	{"notes.v-2", []Finding{{"one two", nil, 30}, {"three", nil, 31}}},
	{"count", nil},
	{"big", []Finding{{"", json.RawMessage(`{"n":10000000000,"m":10000000000}`), 40}, {"", json.RawMessage(`{"n":3,"m":4}`), 41}}},
}

// said joins results to lines of text or data and refs.
func said(results []Result) string {
	var lines []string
	for _, r := range results {
		lines = append(lines, r.Text+string(r.Data))
	}
	return strings.Join(lines, "\n")
}

// The programs are first tries, written with no more than the language's name,
// the two steps, and num, days and date; see decision 20.
func TestTwentyCalculations(t *testing.T) {
	for _, c := range []struct{ name, program, want string }{
		{"count", `count(invoices, num(.amount) > 1000)`, `3`},
		{"filter", `map(filter(invoices, .category == "IT"), .vendor)`, "Acme\nAcme\nDyna"},
		{"distinct", `len(uniq(map(invoices, .vendor)))`, `4`},
		{
			"group and sum", `let g = groupBy(invoices, .category);
map(keys(g), {"category": #, "total": round(sum(g[#], num(.amount)), 2)})`,
			`{"category":"IT","total":2546.7}` + "\n" + `{"category":"Legal","total":12000.25}` + "\n" + `{"category":"Office","total":900}`,
		},
		{"sort", `map(sortBy(invoices, num(.amount), "desc"), .vendor)`, "Cord\nAcme\nAcme\nBolt\nDyna"},
		{
			"top n", `let g = groupBy(invoices, .vendor);
take(sortBy(map(keys(g), {"vendor": #, "total": sum(g[#], num(.amount))}), .total, "desc"), 3)`,
			`{"total":12000.25,"vendor":"Cord"}` + "\n" + `{"total":2469,"vendor":"Acme"}` + "\n" + `{"total":900,"vendor":"Bolt"}`,
		},
		{
			"ratio", `let total = sum(invoices, num(.amount));
let it = sum(filter(invoices, .category == "IT"), num(.amount));
string(round(it / total * 1000) / 10) + " %"`, `16.5 %`,
		},
		{
			"days", `map(contracts, {"vendor": .vendor, "days": days(.start, .end)})`,
			`{"days":365,"vendor":"Acme"}` + "\n" + `{"days":730,"vendor":"Bolt"}` + "\n" + `{"days":730,"vendor":"Eiger"}`,
		},
		{"mean", `mean(map(filter(contracts, .end != nil and .end != ""), days(.start, .end)))`, `608.333333333333`},
		{
			"percentages", `let total = sum(invoices, num(.amount));
let g = groupBy(invoices, .category);
map(keys(g), {"category": #, "pct": round(sum(g[#], num(.amount)) / total * 1000) / 10})`,
			`{"category":"IT","pct":16.5}` + "\n" + `{"category":"Legal","pct":77.7}` + "\n" + `{"category":"Office","pct":5.8}`,
		},
		{
			"join", `filter(invoices, let inv = #; any(contracts, .vendor == inv.vendor and (inv.date < .start or inv.date > .end)))
| map({"vendor": .vendor, "date": .date, "amount": num(.amount)})`,
			`{"amount":1234.5,"date":"2024-01-10","vendor":"Acme"}` + "\n" + `{"amount":1234.5,"date":"2024-01-10","vendor":"Acme"}`,
		},
		{
			"difference", `let have = map(contracts, .vendor);
sort(uniq(map(filter(invoices, .vendor not in have), .vendor)))`, "Cord\nDyna",
		},
		{"median", `median(map(invoices, num(.amount)))`, `1234.5`},
		{
			"table", `let g = groupBy(invoices, .category);
"| Category | Total |\n| --- | ---: |\n" + join(map(sort(keys(g)), "| " + # + " | " + string(round(sum(g[#], num(.amount)) * 100) / 100) + " |"), "\n")`,
			"| Category | Total |\n| --- | ---: |\n| IT | 2546.7 |\n| Legal | 12000.25 |\n| Office | 900 |",
		},
		{
			"match", `let hits = filter(invoices, lower(.text) contains "penalty");
{"count": len(hits), "vendors": sort(uniq(map(hits, .vendor)))}`, `{"count":2,"vendors":["Acme","Cord"]}`,
		},
		{
			"months", `let g = groupBy(invoices, .date[:7]);
map(sort(keys(g)), {"month": #, "total": round(sum(g[#], num(.amount)), 2)})`,
			`{"month":"2024-01","total":3369}` + "\n" + `{"month":"2024-02","total":12000.25}` + "\n" + `{"month":"2024-03","total":77.7}`,
		},
		{
			"largest", `let top = last(sortBy(invoices, num(.amount)));
top.vendor + " has the largest invoice: " + string(num(top.amount))`, `Cord has the largest invoice: 12000.25`,
		},
		{
			"growth", `let g = groupBy(invoices, .date[:7]);
let months = sort(keys(g));
let totals = map(months, sum(g[#], num(.amount)));
map(1..len(months)-1, {"month": months[#], "growth_pct": round((totals[#] - totals[#-1]) / totals[#-1] * 1000) / 10})`,
			`{"growth_pct":256.2,"month":"2024-02"}` + "\n" + `{"growth_pct":-99.4,"month":"2024-03"}`,
		},
		{
			"duplicates", `let g = groupBy(invoices, .vendor + " " + .amount + " on " + .date);
map(filter(keys(g), len(g[#]) > 1), # + ": " + string(len(g[#])) + " times")`, `Acme 1,234.50 on 2024-01-10: 2 times`,
		},
		{
			"flags", `let ended = filter(contracts, date(.end) < date("2025-01-01"));
{"any_ended": len(ended) > 0, "all_named": all(contracts, .vendor != ""), "ended": len(ended), "share": string(round(len(ended) / len(contracts) * 100)) + "%"}`,
			`{"all_named":true,"any_ended":true,"ended":2,"share":"67%"}`,
		},
	} {
		if err := Check(c.program, []Step{{ID: "invoices"}, {ID: "contracts"}}); err != nil {
			t.Errorf("%s: before it runs: %v", c.name, err)
		}
		got, err := Run(t.Context(), c.program, given)
		if err != nil || said(got) != c.want {
			t.Errorf("%s:\n got %s, %v\nwant %s", c.name, said(got), err, c.want)
		}
	}
}

func TestPrograms(t *testing.T) {
	for _, c := range []struct{ program, want string }{
		{`0.1 + 0.2`, `0.3`},
		{`format(1234567.891, 2) + " " + format(-1234.5) + " " + format(-123456, 1)`, `1,234,567.89 -1,235 -123,456.0`},
		{`[round(2.675, 2), round(1.005, 2), round(-2.5)]`, "2.68\n1.01\n-3"},
		{`"n = " + string(5) + ", " + string(2.50)`, `n = 5, 2.5`},
		{`1..3 | map(# * 2)`, "2\n4\n6"},
		{`map(steps["big"], .n * .n * .m)`, "1e+30\n36"},
		{`reduce(1..4, #acc + #, 0)`, `10`},
		{`3 * 1e17`, `300000000000000000`},
		{`map(steps["notes.v-2"], .text)`, "one two\nthree"},
		{`map(steps["notes.v-2"], #.text + "!")`, "one two!\nthree!"},
		{`steps["notes.v-2"]`, "one two\nthree"},
		{`steps.invoices[0].vendor`, `Acme`},
		{`len(steps["count"])`, `0`},
		{`map(invoices, .paid ?? false)`, "false\nfalse\nfalse\nfalse\ntrue"},
		{`map(invoices, get(#, "paid", "?"))`, "?\n?\n?\n?\ntrue"},
		{`find(invoices, .vendor == "Nobody")`, ``},
		{`find(invoices, .vendor == "Nobody").vendor`, ``},
		{`map(take(invoices, 1), #?.vendor ?? "none")`, `Acme`},
		{`filter(invoices, false)`, ``},
		{`nil`, ``},
		{`invoices[-1].vendor`, `Dyna`},
		{`{"text": "said", a: {}, "b": [nil, true, 1.5]}`, `said{"a":{},"b":[null,true,1.5]}`},
		{`groupBy([3, 1, 2, 10], # > 2)`, `{"false":[1,2],"true":[3,10]}`},
		{`keys(groupBy([10, 9, "b", "a"], #))`, "9\n10\na\nb"},
		{`uniq([1, "1", 1, [1], [1]])`, "1\n1\n[1]"},
		{`concat([1], 2..3, ["x"])`, "1\n2\n3\nx"},
		{`join(split("a, b, c", ", "), "/") + replace("aba", "a", "x")`, "a/b/cxbx"},
		{`count(invoices, .text matches "(?i)pen.lty$")`, `2`},
		{`count(take(invoices, 2), .paid matches "x")`, `0`}, // nil, of those without the field
		{`let g = groupBy([1, 1.0, "1"], #); [map(keys(g), g[#]), len(string(g)) > 0]`, "[[1],[1],[\"1\"]]\ntrue"},
		{`count(invoices, "penalty" in lower(.text)) + max([1, 2.5], 2) - min(3, 4)`, `1.5`},
		{`min(map(invoices, .date)) + " to " + max(map(invoices, .date))`, `2024-01-10 to 2024-03-09`},
		{`[max([]) == nil, min("b", "a") == "a"]`, "true\ntrue"},
		{`if 1 > 2 { "more" } else { "less" }`, `less`},
		{`2 in [1, 2] and "a" in {"a": 1} and "IT" in map(invoices, .category)`, `true`},
		{`let c = 5; c > 3 ? "yes" : "no"`, `yes`},
		{`keys(invoices[0])`, "amount\ncategory\ndate\npaid\ntext\nvendor"},
		{`"{a: 1} // " + 'x{"b": 2}'`, `{a: 1} // x{"b": 2}`},
		{`map([1], { # + 1 }) // a block`, `2`},
		{`sum([]) + len([])`, `0`},
		{"\"bad \xff\"", "bad \ufffd"},
	} {
		got, err := Run(t.Context(), c.program, given)
		if err != nil || said(got) != c.want {
			t.Errorf("%s:\n got %s, %v\nwant %s", c.program, said(got), err, c.want)
		}
	}
}

func TestEvidenceIsTheRecordsThatWereUsed(t *testing.T) {
	all := []int{10, 11, 12, 13, 14}
	for _, c := range []struct {
		program string
		want    [][]int
	}{
		{`filter(invoices, .category == "IT")`, [][]int{{10}, {12}, {14}}},                                       // records themselves
		{`let g = groupBy(invoices, .vendor); map(["Acme"], {"n": len(g[#]), "from": g[#]})`, [][]int{{10, 12}}}, // named
		{`{"best": first(invoices), "n": count(invoices, .vendor != "")}`, [][]int{{10}}},
		{`count(invoices, .category == "IT")`, [][]int{all}},           // read
		{`invoices[1].vendor + invoices[3].vendor`, [][]int{{11, 13}}}, // only these were
		{`len(invoices)`, [][]int{all}},                                // none was read, the step was used
		{`len(invoices) + len(steps["notes.v-2"])`, [][]int{append(slices.Clone(all), 30, 31)}},
		{`len($env.contracts)`, [][]int{append(slices.Clone(all), 20, 21, 22, 30, 31, 40, 41)}},
		{`len(keys(steps))`, [][]int{append(slices.Clone(all), 20, 21, 22, 30, 31, 40, 41)}},
		{`1 + 1`, [][]int{nil}},
	} {
		got, err := Run(t.Context(), c.program, given)
		if err != nil || len(got) != len(c.want) {
			t.Errorf("%s: %v, %v", c.program, got, err)
			continue
		}
		for i, r := range got {
			if !slices.Equal(r.Refs, c.want[i]) {
				t.Errorf("%s: result %d rests on %v, want %v", c.program, i, r.Refs, c.want[i])
			}
			if strings.Contains(string(r.Data), "from") {
				t.Errorf("%s: the references are in the data: %s", c.program, r.Data)
			}
		}
	}
}

func TestErrorsTellWhereAndWhat(t *testing.T) {
	for _, c := range []struct{ program, want string }{
		{"let x = 1;\ncount(invioces, true)", "line 2: unknown name invioces"},
		{`invioces`, "there are the steps big, contracts, count, invoices, notes.v-2 and the functions abs, all, any"},
		{`steps["t9"]`, `there is no step "t9"; there are big, contracts, count, invoices`},
		{`total(invoices)`, "unknown name total"},
		{`now()`, "unknown name now"},
		{`repeat("a", 3)`, "unknown name repeat"},
		{`map(invoices, .vendor.lower())`, "there are no methods: write lower(x)"},
		{`map(invoices, .vendr)`, `no record of step invoices has a field "vendr"; there are amount, category, date, paid, text, vendor`},
		{`count(invoices, .amount > 5)`, "invalid operation: string > int: num(x) reads the figure in a text"},
		{`sum(invoices, .amount * 2)`, "invalid operation: string * int: num(x)"},
		{`[1] + [2]`, "invalid operation"},
		{`3 - find(invoices, .vendor == "nobody")?.paid`, "int - <nil>: a record lacks the field, or find found none"},
		{`invoices.vendor`, "a list has no field vendor: map(list, .field)"},
		{`num("n/a")`, "num(x, 0) takes 0"},
		{`days("03/04/2024", "2024-01-01")`, `"03/04/2024" is no date`},
		{`1 / 0`, "divided by zero"},
		{`for x in invoices`, "line 1:"},
		{``, "line 1:"},
		{`max(map(invoices, .paid))`, "nil is no figure or text"},
		{`max(1, "2")`, "a text and a figure cannot be compared"},
		{`map(groupBy(invoices, .vendor), #.key)`, "does not go through a map m: map(keys(m), m[#])"},
		{`format(1, 2, 3)`, "too many arguments to call format"},
		{`[1, 2][5]`, "no entry 5 in a list of 2"},
	} {
		_, err := Run(t.Context(), c.program, given)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\n got %v\nwant %s", c.program, err, c.want)
		}
	}
	if err := Check(`count(invoices, .vendor == "x") + len(steps["b-1"])`, []Step{{ID: "invoices"}, {ID: "b-1"}}); err != nil {
		t.Error(err)
	}
	if _, err := Run(t.Context(), `1`, []Step{{"a", []Finding{{Data: json.RawMessage(`[1]`)}}}}); err == nil {
		t.Error("data that is no object was taken")
	}
}

func TestContextEndsACalculation(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	if _, err := Run(ctx, `count(1..1000, any(1..1000, false))`, nil); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}

func TestSameProgramSameResults(t *testing.T) {
	first := ""
	for range 20 {
		got, err := Run(t.Context(), `let g = groupBy(invoices, .vendor); [keys(g), keys(steps), g]`, given)
		if is := fmt.Sprint(said(got), err); first == "" {
			first = is
		} else if is != first {
			t.Fatalf("once %s\nonce %s", first, is)
		}
	}
}

func TestGuideShowsProgramsThatRun(t *testing.T) {
	for _, program := range []string{
		`filter(invoices, .year == 2024 and .text contains "late")`,
		`let g = groupBy(invoices, .vendor); map(keys(g), {"vendor": #, "total": sum(g[#], num(.amount)), "from": g[#]})`,
		`filter(invoices, let i = #; any(contracts, .vendor == i.vendor))`,
	} {
		if err := Check(program, []Step{{ID: "invoices"}, {ID: "contracts"}}); err != nil || !strings.Contains(Guide, program) {
			t.Errorf("%s: %v", program, err)
		}
	}
}
