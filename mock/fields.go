package mock

import (
	"fmt"
	"slices"
	"strings"
)

// rule checks one value that stands at path.
type rule func(path string, v node) *Error

// field is one key that an object may have.
type field struct {
	check rule
	null  bool // null is taken as absent
}

// fields checks an object of known keys. Keys are checked in the order in
// which they stand in the body, so that the first wrong one is told.
func (f fields) check(path string, v node) *Error {
	if v.kind != kindObject {
		return wrongType(path, "an object", v)
	}
	for _, m := range v.members {
		at := path + "." + m.key
		known, ok := f[m.key]
		if !ok {
			return bad(at, "unknown_parameter", "Unknown parameter: '%s'.", at)
		}
		if known.null && m.val.isNull() {
			continue
		}
		if err := known.check(at, m.val); err != nil {
			return err
		}
	}
	return nil
}

type fields map[string]field

// with is the rule of an object of known keys that has certain ones.
func (f fields) with(keys ...string) rule {
	return func(path string, v node) *Error {
		if err := f.check(path, v); err != nil {
			return err
		}
		return need(path, v, keys...)
	}
}

// need says that keys are missing.
func need(path string, v node, keys ...string) *Error {
	for _, k := range keys {
		if _, ok := v.get(k); !ok {
			at := k
			if path != "" {
				at = path + "." + k
			}
			return bad(at, "missing_required_parameter", "Missing required parameter: '%s'.", at)
		}
	}
	return nil
}

func isBool(path string, v node) *Error {
	if v.kind != kindBool {
		return wrongType(path, "a boolean", v)
	}
	return nil
}

func isString(path string, v node) *Error {
	if v.kind != kindString {
		return wrongType(path, "a string", v)
	}
	return nil
}

func isObject(path string, v node) *Error {
	if v.kind != kindObject {
		return wrongType(path, "an object", v)
	}
	return nil
}

// upTo is a string of at most n runes.
func upTo(n int) rule {
	return func(path string, v node) *Error {
		if err := isString(path, v); err != nil {
			return err
		}
		if len([]rune(v.text)) > n {
			return bad(path, "string_above_max_length", "Invalid '%s': string too long. Expected a string with maximum length %d.", path, n)
		}
		return nil
	}
}

// whole is an integer between lo and hi.
func whole(lo, hi int64) rule {
	return func(path string, v node) *Error {
		n, ok := v.whole()
		switch {
		case !ok:
			return wrongType(path, "an integer", v)
		case n < lo:
			return bad(path, "integer_below_min_value", "Invalid '%s': integer below minimum value. Expected a value >= %d, but got %d instead.", path, lo, n)
		case n > hi:
			return bad(path, "integer_above_max_value", "Invalid '%s': integer above maximum value. Expected a value <= %d, but got %d instead.", path, hi, n)
		}
		return nil
	}
}

// decimal is a number between lo and hi.
func decimal(lo, hi float64) rule {
	return func(path string, v node) *Error {
		x, ok := v.float()
		switch {
		case !ok:
			return wrongType(path, "a decimal", v)
		case x < lo:
			return bad(path, "decimal_below_min_value", "Invalid '%s': decimal below minimum value. Expected a value >= %v, but got %v instead.", path, lo, v.num)
		case x > hi:
			return bad(path, "decimal_above_max_value", "Invalid '%s': decimal above maximum value. Expected a value <= %v, but got %v instead.", path, hi, v.num)
		}
		return nil
	}
}

// oneOf is one of the named strings.
func oneOf(names ...string) rule {
	return func(path string, v node) *Error {
		if err := isString(path, v); err != nil {
			return err
		}
		if !slices.Contains(names, v.text) {
			return bad(path, "invalid_value", "Invalid value: '%.64s'. Supported values are: '%s'.", v.text, strings.Join(names, "', '"))
		}
		return nil
	}
}

// listOf is an array of lo to hi such values; hi 0: without end.
func listOf(lo, hi int, each rule) rule {
	return func(path string, v node) *Error {
		if v.kind != kindArray {
			return wrongType(path, "an array", v)
		}
		if len(v.items) < lo {
			return bad(path, "empty_array", "Invalid '%s': array too short. Expected an array with minimum length %d, but got one of length %d instead.", path, lo, len(v.items))
		}
		if hi > 0 && len(v.items) > hi {
			return bad(path, "array_above_max_length", "Invalid '%s': array too long. Expected an array with maximum length %d, but got one of length %d instead.", path, hi, len(v.items))
		}
		for i, it := range v.items {
			if err := each(fmt.Sprintf("%s[%d]", path, i), it); err != nil {
				return err
			}
		}
		return nil
	}
}

// mapOf is an object of at most n keys, each of at most keyLen runes.
func mapOf(n, keyLen int, each rule) rule {
	return func(path string, v node) *Error {
		if err := isObject(path, v); err != nil {
			return err
		}
		if len(v.members) > n {
			return bad(path, "object_above_max_properties", "Invalid '%s': too many properties. Expected an object with at most %d, but got %d instead.", path, n, len(v.members))
		}
		for _, m := range v.members {
			if len([]rune(m.key)) > keyLen {
				return bad(path, "property_name_above_max_length", "Invalid '%s': a property name is longer than %d.", path, keyLen)
			}
			if err := each(path+"."+m.key, m.val); err != nil {
				return err
			}
		}
		return nil
	}
}

// isName is what functions and schemas may be called.
func isName(path string, v node) *Error {
	if err := isString(path, v); err != nil {
		return err
	}
	if len(v.text) > 64 {
		return bad(path, "string_above_max_length", "Invalid '%s': string too long. Expected a string with maximum length 64, but got a string with length %d instead.", path, len(v.text))
	}
	for _, r := range v.text {
		if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-') {
			return badName(path)
		}
	}
	if v.text == "" {
		return badName(path)
	}
	return nil
}

func badName(path string) *Error {
	return bad(path, "invalid_value", "Invalid '%s': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.", path)
}
