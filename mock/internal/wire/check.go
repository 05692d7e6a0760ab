package wire

import (
	"errors"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Departure is one place where a value is not what its schema says.
type Departure struct {
	Place []string // keys and indexes
	At    Node     // what stands there
	Kind  jsonschema.ErrorKind
}

var index = regexp.MustCompile(`\.(\d+)\b`)

// Path is the place as in messages[0].role.
func (d Departure) Path() string {
	return index.ReplaceAllString(strings.Join(d.Place, "."), "[$1]")
}

// Check finds the first departure, in the order of places; nil: there is none.
func Check(schema []byte, n Node) *Departure {
	s, err := compile(schema)
	if err == nil {
		err = s.Validate(n.Value())
	}
	v, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return nil
	}
	all := departures(nil, v)
	slices.SortStableFunc(all, func(a, b Departure) int { return strings.Compare(a.Path(), b.Path()) })
	for _, p := range all[0].Place {
		if i, err := strconv.Atoi(p); err == nil && i < len(n.Items) {
			n = n.Items[i]
		} else {
			n = n.Get(p)
		}
	}
	all[0].At = n
	return &all[0]
}

func departures(out []Departure, v *jsonschema.ValidationError) []Departure {
	if _, ok := v.ErrorKind.(*kind.AnyOf); ok {
		return append(out, meant(v)...)
	}
	for _, c := range v.Causes {
		out = departures(out, c)
	}
	if len(v.Causes) == 0 {
		out = append(out, Departure{Place: v.InstanceLocation, Kind: v.ErrorKind})
	}
	return out
}

// meant are the departures of that branch of a union which a value was most likely
// written for: by its type, then by the constants and enums that tell kinds
// apart, then by how few there are.
func meant(union *jsonschema.ValidationError) []Departure {
	at := len(union.InstanceLocation)
	far := func(branch *jsonschema.ValidationError) (n int) {
		for _, d := range departures(nil, branch) {
			switch n++; d.Kind.(type) {
			case *kind.Const, *kind.Enum:
				if len(d.Place) <= at+1 {
					n += 1e3
				}
			case *kind.Type:
				if len(d.Place) == at {
					n += 1e6
				}
			}
		}
		return n
	}
	return departures(nil, slices.MinFunc(union.Causes, func(a, b *jsonschema.ValidationError) int { return far(a) - far(b) }))
}

// Refusal is a departure as the service tells it.
func (d Departure) Refusal() *Error {
	path, got := d.Path(), d.At
	below := func(key string) string { return strings.TrimPrefix(path+"."+key, ".") }
	number := func(side, sign string, bound *big.Rat) *Error {
		name := "integer"
		if !bound.IsInt() || strings.Contains(" temperature top_p frequency_penalty presence_penalty ", " "+path+" ") {
			name = "decimal"
		}
		return Bad(path, name+"_"+side+"_value", "Invalid '%s': %s %s value. Expected a value %s %s, but got %s instead.", path, name, strings.Replace(side, "_min", " minimum", 1), sign, bound.RatString(), got.Num)
	}
	switch k := d.Kind.(type) {
	case *kind.Required:
		return Bad(below(k.Missing[0]), "missing_required_parameter", "Missing required parameter: '%s'.", below(k.Missing[0]))
	case *kind.AdditionalProperties:
		return Bad(below(slices.Min(k.Properties)), "unknown_parameter", "Unknown parameter: '%s'.", below(slices.Min(k.Properties)))
	case *kind.Type:
		wants := slices.DeleteFunc(slices.Clone(k.Want), func(s string) bool { return s == "null" })
		for i, w := range wants {
			wants[i] = typeNames[w]
		}
		return Bad(path, "invalid_type", "Invalid type for '%s': expected %s, but got %s instead.", path, strings.Join(wants, " or "), got.kindName())
	case *kind.Enum:
		if !got.IsText() {
			return Bad(path, "invalid_type", "Invalid type for '%s': expected a string, but got %s instead.", path, got.kindName())
		}
		var names []string
		for _, v := range k.Want {
			if s, ok := v.(string); ok {
				names = append(names, s)
			}
		}
		return Bad(path, "invalid_value", "Invalid value: '%.64s'. Supported values are: '%s'.", got.Text, strings.Join(names, "', '"))
	case *kind.Minimum:
		return number("below_min", ">=", k.Want)
	case *kind.Maximum:
		return number("above_max", "<=", k.Want)
	case *kind.MinItems:
		return Bad(path, "empty_array", "Invalid '%s': empty array. Expected an array with minimum length %d, but got an empty array instead.", path, k.Want)
	case *kind.MaxItems:
		return Bad(path, "array_above_max_length", "Invalid '%s': array too long. Expected an array with maximum length %d, but got one of length %d instead.", path, k.Want, k.Got)
	case *kind.MaxLength:
		return Bad(path, "string_above_max_length", "Invalid '%s': string too long. Expected a string with maximum length %d, but got a string with length %d instead.", path, k.Want, k.Got)
	case *kind.Pattern:
		return Bad(path, "invalid_value", "Invalid '%s': string does not match pattern. Expected a string that matches the pattern '%s'.", path, k.Want)
	}
	return Bad(path, "", "Invalid '%s': %s.", path, d.Kind.LocalizedString(english))
}

var typeNames = map[string]string{
	"object": "an object", "array": "an array", "string": "a string", "boolean": "a boolean", "integer": "an integer", "number": "a decimal",
}
