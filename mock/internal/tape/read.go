package tape

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Read reads a cassette; see mock.ReadCassette.
func (c *Cassette) Read(from io.Reader) error {
	return c.read(from, maxCassetteBytes)
}

func (c *Cassette) read(from io.Reader, maxBytes int) error {
	tape, _, err := readTape(from, maxBytes)
	if err != nil {
		return err
	}
	// Requests count as they arrived, where they were written as they ended.
	slices.SortStableFunc(tape, func(a, b *taped) int { return a.N - b.N })
	c.by, c.total = map[string]*reel{}, len(tape)
	for _, t := range tape {
		key := t.request()
		if c.by[key] == nil {
			c.by[key] = &reel{}
		}
		c.by[key].tape = append(c.by[key].tape, t)
	}
	return nil
}

// readTape reads the exchanges, and how many bytes the whole lines take.
func readTape(from io.Reader, maxBytes int) (tape []*taped, whole int64, err error) {
	in := bufio.NewReaderSize(io.LimitReader(from, int64(maxBytes)+1), 64<<10)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if whole+int64(len(line)) > int64(maxBytes) {
			return nil, 0, fmt.Errorf("mock: cassette: line %d: the cassette is longer than %d bytes", n, maxBytes)
		}
		switch {
		case errors.Is(err, io.EOF) && n == 1:
			return nil, 0, errors.New("mock: cassette: its first line, which says that it is one, is missing")
		case errors.Is(err, io.EOF):
			return tape, whole, nil
		case err != nil:
			return nil, 0, fmt.Errorf("mock: cassette: line %d: %w", n, err)
		}
		whole += int64(len(line))
		if n == 1 {
			if strings.TrimSpace(string(line)) != head {
				return nil, 0, fmt.Errorf("mock: cassette: line 1: it does not say that this is a cassette of version 1: %.60q", line)
			}
			continue
		}
		t := &taped{}
		if err := t.readLine(line); err != nil {
			return nil, 0, fmt.Errorf("mock: cassette: line %d: %w", n, err)
		}
		tape = append(tape, t)
	}
}
