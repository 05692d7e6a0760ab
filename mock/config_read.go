package mock

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// configReader reads a configuration token by token, so that every error
// knows its field and line. Unlike encoding/json it takes a key once, in its
// own spelling, and no key that it does not know.
type configReader struct {
	data []byte
	dec  *json.Decoder
}

func newConfigReader(data []byte) *configReader {
	r := &configReader{data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	r.dec.UseNumber()
	return r
}

// wrong is an error about the field whose value was read last.
func (r *configReader) wrong(path, format string, args ...any) error {
	return r.wrongAt(r.dec.InputOffset(), path, format, args...)
}

func (r *configReader) wrongAt(offset int64, path, format string, args ...any) error {
	line := 1 + bytes.Count(r.data[:min(int(offset), len(r.data))], []byte("\n"))
	if path != "" {
		path += ": "
	}
	return fmt.Errorf("mock: config, line %d: %s%s", line, path, fmt.Sprintf(format, args...))
}

// token is the next token; a syntax error names its place.
func (r *configReader) token(path string) (json.Token, error) {
	t, err := r.dec.Token()
	if err == nil {
		return t, nil
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return nil, r.wrongAt(syntax.Offset, path, "this is not JSON: %v", err)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, r.wrongAt(int64(len(r.data)), path, "the file ends in the middle")
	}
	return nil, r.wrong(path, "this is not JSON: %v", err)
}

// field reads the value of a key into its place.
type configField func(path string) error

// object reads an object whose keys are those of known.
func (r *configReader) object(path string, known map[string]configField) error {
	if err := r.open(path, '{', "an object"); err != nil {
		return err
	}
	seen := map[string]bool{}
	for r.dec.More() {
		t, err := r.token(path)
		if err != nil {
			return err
		}
		key := t.(string) // the decoder has seen to it
		at := join(path, key)
		read, ok := known[key]
		switch {
		case !ok:
			return r.wrong(at, "there is no such field; those here are %s", strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		case seen[key]:
			return r.wrong(at, "the field stands twice")
		}
		seen[key] = true
		if err := read(at); err != nil {
			return err
		}
	}
	_, err := r.token(path) // the closing brace
	return err
}

func join(path, key string) string {
	if len(key) > 64 {
		key = key[:64] + "…"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// list reads an array, element by element.
func (r *configReader) list(path string, element configField) error {
	if err := r.open(path, '[', "a list"); err != nil {
		return err
	}
	for i := 0; r.dec.More(); i++ {
		if err := element(path + "[" + strconv.Itoa(i) + "]"); err != nil {
			return err
		}
	}
	_, err := r.token(path) // the closing bracket
	return err
}

func (r *configReader) open(path string, want json.Delim, name string) error {
	t, err := r.token(path)
	if err != nil {
		return err
	}
	if t != want {
		return r.wrong(path, "expected %s, got %s", name, tokenName(t))
	}
	return nil
}

func tokenName(t json.Token) string {
	switch t := t.(type) {
	case nil:
		return "null"
	case json.Delim:
		if t == '{' {
			return "an object"
		}
		return "a list"
	case string:
		return fmt.Sprintf("the text %.40q", t)
	}
	return fmt.Sprint(t)
}

// end says whether something follows the value.
func (r *configReader) end() error {
	if _, err := r.dec.Token(); err != io.EOF {
		return r.wrong("", "something follows the configuration")
	}
	return nil
}

// The readers below make fields of destinations.

func (r *configReader) text(dst *string) configField {
	return func(path string) error {
		t, err := r.token(path)
		if err != nil {
			return err
		}
		s, ok := t.(string)
		if !ok {
			return r.wrong(path, "expected a text, got %s", tokenName(t))
		}
		*dst = s
		return nil
	}
}

// choice reads one of several texts.
func (r *configReader) choice(dst *string, from ...string) configField {
	return func(path string) error {
		if err := r.text(dst)(path); err != nil {
			return err
		}
		if !slices.Contains(from, *dst) {
			return r.wrong(path, "%.40q is none of %s", *dst, strings.Join(from, ", "))
		}
		return nil
	}
}

func (r *configReader) yes(dst *bool) configField {
	return func(path string) error {
		t, err := r.token(path)
		if err != nil {
			return err
		}
		b, ok := t.(bool)
		if !ok {
			return r.wrong(path, "expected true or false, got %s", tokenName(t))
		}
		*dst = b
		return nil
	}
}

func (r *configReader) number(path string) (json.Number, error) {
	t, err := r.token(path)
	if err != nil {
		return "", err
	}
	n, ok := t.(json.Number)
	if !ok {
		return "", r.wrong(path, "expected a number, got %s", tokenName(t))
	}
	return n, nil
}

func (r *configReader) whole(dst *int, least, most int) configField {
	return func(path string) error {
		n, err := r.number(path)
		if err != nil {
			return err
		}
		v, err := strconv.Atoi(n.String())
		if err != nil || v < least || v > most {
			return r.wrong(path, "%.40s is not a whole number from %d to %d", n, least, most)
		}
		*dst = v
		return nil
	}
}

// count reads a whole number of 0 and above.
func (r *configReader) count(dst *int) configField { return r.whole(dst, 0, math.MaxInt32) }

func (r *configReader) decimal(dst *float64, most float64) configField {
	return func(path string) error {
		n, err := r.number(path)
		if err != nil {
			return err
		}
		v, err := n.Float64()
		if err != nil || v < 0 || v > most {
			return r.wrong(path, "%.40s is not a number from 0 to %v", n, most)
		}
		*dst = v
		return nil
	}
}

// span reads a duration, such as "1.5s" or "250ms".
func (r *configReader) span(dst *time.Duration) configField {
	return func(path string) error {
		t, err := r.token(path)
		if err != nil {
			return err
		}
		s, ok := t.(string)
		if !ok {
			return r.wrong(path, `expected a time span as a text, such as "1.5s" or "250ms", got %s`, tokenName(t))
		}
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return r.wrong(path, `%.40q is not a time span of 0 and above, such as "1.5s" or "250ms"`, s)
		}
		*dst = d
		return nil
	}
}

// value reads any JSON value as it stands.
func (r *configReader) value(dst *json.RawMessage) configField {
	return func(path string) error {
		if err := r.dec.Decode(dst); err != nil {
			return r.wrong(path, "this is not JSON: %v", err)
		}
		return nil
	}
}
