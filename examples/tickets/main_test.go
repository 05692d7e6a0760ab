package main

import (
	"bytes"
	"encoding/csv"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEveryTicketHasItsRow(t *testing.T) {
	var out, say bytes.Buffer
	if err := run(t.Context(), 3000, 10, "", &out, &say); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 3001 {
		t.Fatal(err, len(rows))
	}
	i := 0
	for ticket := range tickets(3000) {
		i++
		named := number.FindString(ticket.Text)
		if row := rows[i]; row[3] != named || row[4] != "" || strings.Contains(ticket.Text, "parcel") != (row[1] == "delivery") {
			t.Fatalf("%+v: %q", ticket, row)
		}
	}
	if !strings.Contains(say.String(), "3000 tickets, 0 without a label, in ") {
		t.Error(say.String())
	}
}

func TestABudgetEndsItWithWhatIsDone(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "j.db")
	var before []string
	for range 2 { // again with what is left of the budget: no row is lost
		var out bytes.Buffer
		err := run(t.Context(), 3000, 0.02, kept, &out, io.Discard)
		rows := strings.Split(out.String(), "\n")
		if err == nil || !strings.Contains(err.Error(), "raise Budget.Cost") || len(rows) < 200 || len(rows) > 3000 || strings.Contains(out.String(), "budget") {
			t.Errorf("%v: %d rows", err, len(rows))
		}
		for _, row := range before {
			if !slices.Contains(rows, row) {
				t.Errorf("%q is lost", row)
			}
		}
		before = rows
	}
}

func TestJournalPaysOnce(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "j.db")
	var first, second, say strings.Builder
	if err := run(t.Context(), 500, 10, kept, &first, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), 500, 10, kept, &second, &say); err != nil || first.String() != second.String() || !strings.Contains(say.String(), "in 0 calls") {
		t.Error(err, say.String())
	}
}
