package typed

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

// ErrNone is the error of Decode if there is no record: the worker abstained.
var ErrNone = errors.New("typed: there is no record")

// Decode reads the record that follows [Schema] of T: from a finding's Data, or its
// Text if that is JSON; from the only finding of a result; or from an answer's
// text. The error is [ErrNone] if there is no record.
func Decode[T any, From swarm.Finding | *swarm.Finding | *swarm.Result | *swarm.Answer](from From) (T, error) {
	var none, v T
	data, err := valueOf[T](from)
	if err != nil {
		return none, err
	}
	if err := json.Unmarshal(data, &v); err != nil {
		err = fmt.Errorf("typed: %.60q is no such record: %w", data, err)
		if a, ok := any(from).(*swarm.Answer); ok && !a.Complete {
			err = fmt.Errorf("%w; the answer is not complete: %s", err, strings.TrimPrefix(strings.Join(append([]string{a.Coverage.PlanCut}, a.Coverage.Missing...), "; "), "; "))
		}
		return none, err
	}
	return v, nil
}

func dataOf(from any) (json.RawMessage, error) {
	switch f := from.(type) {
	case swarm.Finding:
		return dataOf(&f)
	case *swarm.Finding:
		if f.Data != nil {
			return f.Data, nil
		}
		return dataOf(&swarm.Answer{Text: f.Text})
	case *swarm.Result:
		switch n := len(f.Out.Findings); {
		case f.Err != nil:
			return nil, f.Err
		case n > 1:
			return nil, fmt.Errorf("typed: the result has %d findings: decode each of Out.Findings", n)
		case n == 1:
			return dataOf(&f.Out.Findings[0])
		}
	case *swarm.Answer:
		if f.Text != "" {
			return json.RawMessage(f.Text), nil
		}
	}
	return nil, ErrNone
}

// valueOf returns what a record holds of T. One of a calculation, or of a function of
// Go, may be a T that is not wrapped.
func valueOf[T any](from any) (json.RawMessage, error) {
	data, err := dataOf(from)
	if err != nil || isObject[T]() || len(data) > 0 && data[0] != '{' {
		return data, err
	}
	var in struct{ Value json.RawMessage }
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("typed: %w", err)
	}
	if in.Value == nil {
		return nil, errors.New(`typed: the record holds no "value"`)
	}
	return in.Value, nil
}
