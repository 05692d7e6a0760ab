package main

import (
	"bytes"
	"encoding/csv"
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
	var out, say bytes.Buffer
	err := run(t.Context(), 3000, 0.02, "", &out, &say)
	rows, wrong := csv.NewReader(&out).ReadAll()
	if err == nil || !strings.Contains(err.Error(), "budget: cost") || wrong != nil || len(rows) < 200 || len(rows) == 3001 {
		t.Errorf("%v, %v: %d rows", err, wrong, len(rows))
	}
}
