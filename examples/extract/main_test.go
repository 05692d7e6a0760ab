package main

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func extract(t *testing.T, files fs.FS) string {
	t.Setenv("OPENAI_BASE_URL", "")
	t.Setenv("OPENAI_API_KEY", "")
	var out strings.Builder
	if err := run(t.Context(), files, &out); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(out.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

func TestEachClauseIsARowWithItsPlace(t *testing.T) {
	files, err := fs.Sub(contracts, "contracts")
	if err != nil {
		t.Fatal(err)
	}
	got := extract(t, files)
	for _, want := range []string{
		`rent Lind Boats 14400.00 2027-01-05 lease.txt:5 true "Lind Boats pays a rent of 14,400 euros by 5 January 2027"`,
		`notice Harbour Estates Ltd 0.00 2027-12-31 service.txt:12 true "Harbour Estates Ltd gives notice by 31 December 2027"`,
		`penalty Holm Sawmill 400.00 supply.txt:9 true "Holm Sawmill pays a penalty of 400 euros"`,
		"KIND CLAUSES EUROS\ndeposit 2 4100.00\nfee 1 1980.00\nnotice 2 0.00\npenalty 2 650.00\nprice 1 8250.50\nrent 1 14400.00\n",
		"PARTY CLAUSES EUROS\nHarbour Estates Ltd 4 2480.00\nHolm Sawmill 1 400.00\nLind Boats 4 26500.50",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in what it printed:\n%s", want, got)
		}
	}
	if strings.Contains(got, "false") || strings.Count(got, "true") != 9 {
		t.Errorf("it printed\n%s", got)
	}
}

func TestTextsOfOnesOwn(t *testing.T) {
	got := extract(t, fstest.MapFS{"note.md": {Data: []byte("# Note\n\nAda Ltd pays a fee of 12 euros.\n")}, "empty.md": {Data: []byte("# Nothing is owed here.\n")}})
	if !strings.Contains(got, `fee Ada Ltd 12.00 note.md:3 true`) || !strings.Contains(got, "fee 1 12.00") {
		t.Errorf("it printed\n%s", got)
	}
}
