package wire

import (
	"fmt"
	"slices"
	"strings"
)

// Rule checks one value that stands at path.
type Rule func(path string, v Node) *Error

// Field is one key that an object may have.
type Field struct {
	Check Rule
	Null  bool // null is taken as absent
}

// Check checks an object of known keys. Keys are checked in the order in
// which they stand in the body, so that the first wrong one is told.
func (f Fields) Check(path string, v Node) *Error {
	if v.Kind != kindObject {
		return wrongType(path, "an object", v)
	}
	for _, m := range v.Members {
		at := strings.TrimPrefix(path+"."+m.Key, ".")
		known, ok := f[m.Key]
		if !ok {
			return Bad(at, "unknown_parameter", "Unknown parameter: '%s'.", at).at(m.Val)
		}
		if known.Null && m.Val.IsNull() {
			continue
		}
		if err := known.Check(at, m.Val); err != nil {
			return err.at(m.Val)
		}
	}
	return nil
}

// Fields are the keys that an object may have.
type Fields map[string]Field

// With is the rule of an object of known keys that has certain ones.
func (f Fields) With(keys ...string) Rule {
	return func(path string, v Node) *Error {
		if err := f.Check(path, v); err != nil {
			return err
		}
		return need(path, v, keys...)
	}
}

// need says that keys are missing.
func need(path string, v Node, keys ...string) *Error {
	for _, k := range keys {
		if _, ok := v.Get(k); !ok {
			at := k
			if path != "" {
				at = path + "." + k
			}
			return Bad(at, "missing_required_parameter", "Missing required parameter: '%s'.", at)
		}
	}
	return nil
}

// IsBool is true or false.
func IsBool(path string, v Node) *Error {
	if v.Kind != kindBool {
		return wrongType(path, "a boolean", v)
	}
	return nil
}

// IsString is a string.
func IsString(path string, v Node) *Error {
	if v.Kind != kindString {
		return wrongType(path, "a string", v)
	}
	return nil
}

// IsObject is an object of any keys.
func IsObject(path string, v Node) *Error {
	if v.Kind != kindObject {
		return wrongType(path, "an object", v)
	}
	return nil
}

// upTo is a string of at most n runes.
func upTo(n int) Rule {
	return func(path string, v Node) *Error {
		if err := IsString(path, v); err != nil {
			return err
		}
		if len([]rune(v.Text)) > n {
			return Bad(path, "string_above_max_length", "Invalid '%s': string too long. Expected a string with maximum length %d.", path, n)
		}
		return nil
	}
}

// Whole is an integer between lo and hi.
func Whole(lo, hi int64) Rule {
	return func(path string, v Node) *Error {
		n, ok := v.Whole()
		switch {
		case !ok:
			return wrongType(path, "an integer", v)
		case n < lo:
			return Bad(path, "integer_below_min_value", "Invalid '%s': integer below minimum value. Expected a value >= %d, but got %d instead.", path, lo, n)
		case n > hi:
			return Bad(path, "integer_above_max_value", "Invalid '%s': integer above maximum value. Expected a value <= %d, but got %d instead.", path, hi, n)
		}
		return nil
	}
}

// Decimal is a number between lo and hi.
func Decimal(lo, hi float64) Rule {
	return func(path string, v Node) *Error {
		x, ok := v.Float()
		switch {
		case !ok:
			return wrongType(path, "a decimal", v)
		case x < lo:
			return Bad(path, "decimal_below_min_value", "Invalid '%s': Decimal below minimum value. Expected a value >= %v, but got %v instead.", path, lo, v.Num)
		case x > hi:
			return Bad(path, "decimal_above_max_value", "Invalid '%s': Decimal above maximum value. Expected a value <= %v, but got %v instead.", path, hi, v.Num)
		}
		return nil
	}
}

// OneOf is one of the named strings.
func OneOf(names ...string) Rule {
	return func(path string, v Node) *Error {
		if err := IsString(path, v); err != nil {
			return err
		}
		if !slices.Contains(names, v.Text) {
			return Bad(path, "invalid_value", "Invalid value: '%.64s'. Supported values are: '%s'.", v.Text, strings.Join(names, "', '"))
		}
		return nil
	}
}

// ListOf is an array of lo to hi such values; hi 0: without end.
func ListOf(lo, hi int, each Rule) Rule {
	return func(path string, v Node) *Error {
		if v.Kind != kindArray {
			return wrongType(path, "an array", v)
		}
		if len(v.Items) < lo {
			return Bad(path, "empty_array", "Invalid '%s': array too short. Expected an array with minimum length %d, but got one of length %d instead.", path, lo, len(v.Items))
		}
		if hi > 0 && len(v.Items) > hi {
			return Bad(path, "array_above_max_length", "Invalid '%s': array too long. Expected an array with maximum length %d, but got one of length %d instead.", path, hi, len(v.Items))
		}
		for i, it := range v.Items {
			if err := each(fmt.Sprintf("%s[%d]", path, i), it); err != nil {
				return err.at(it)
			}
		}
		return nil
	}
}

// mapOf is an object of at most n keys, each of at most keyLen runes.
func mapOf(n, keyLen int, each Rule) Rule {
	return func(path string, v Node) *Error {
		if err := IsObject(path, v); err != nil {
			return err
		}
		if len(v.Members) > n {
			return Bad(path, "object_above_max_properties", "Invalid '%s': too many properties. Expected an object with at most %d, but got %d instead.", path, n, len(v.Members))
		}
		for _, m := range v.Members {
			if len([]rune(m.Key)) > keyLen {
				return Bad(path, "property_name_above_max_length", "Invalid '%s': a property name is longer than %d.", path, keyLen)
			}
			if err := each(path+"."+m.Key, m.Val); err != nil {
				return err
			}
		}
		return nil
	}
}

// isName is what functions and schemas may be called.
func isName(path string, v Node) *Error {
	if err := IsString(path, v); err != nil {
		return err
	}
	if len(v.Text) > 64 {
		return Bad(path, "string_above_max_length", "Invalid '%s': string too long. Expected a string with maximum length 64, but got a string with length %d instead.", path, len(v.Text))
	}
	for _, r := range v.Text {
		if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-') {
			return badName(path)
		}
	}
	if v.Text == "" {
		return badName(path)
	}
	return nil
}

func badName(path string) *Error {
	return Bad(path, "invalid_value", "Invalid '%s': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.", path)
}
