package journal

import (
	"fmt"
	"testing"
)

// MostPages lets the file grow to so many pages, as a full disk would.
func MostPages(t testing.TB, j *DB, n int) {
	t.Helper()
	j.db.SetMaxOpenConns(1) // the setting is a connection's own
	if _, err := j.db.Exec(fmt.Sprintf("PRAGMA max_page_count=%d", n)); err != nil {
		t.Fatal(err)
	}
}
