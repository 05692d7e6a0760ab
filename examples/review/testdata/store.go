package shop

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
)

// Store keeps customers in a database.
type Store struct{ db *sql.DB }

// Find returns the number of the customer with a name.
func (s *Store) Find(name string) (id int, err error) {
	err = s.db.QueryRow("SELECT id FROM customers WHERE name = '" + name + "'").Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("customer %s: %v", name, err)
	}
	return id, nil
}

// Settings are read once, at the start.
type Settings struct{ Currency string }

// Load reads the settings from a file.
func Load(path string) (s Settings, err error) {
	data, _ := os.ReadFile(path)
	err = json.Unmarshal(data, &s)
	return s, err
}
