package wire

import "slices"

// Tools are checked and otherwise ignored: a brain is not shown them and a
// reply never calls one. A request that insists on a call is refused.

func checkTool(path string, v Node) *Error {
	if err := IsObject(path, v); err != nil {
		return err
	}
	if err := need(path, v, "type"); err != nil {
		return err
	}
	kind, _ := v.Get("type")
	if err := OneOf("function", "custom")(path+".type", kind); err != nil {
		return err
	}
	if err := need(path, v, kind.Text); err != nil {
		return err
	}
	if kind.Text == "custom" {
		custom := Fields{"name": {Check: isName}, "description": {Check: IsString}, "format": {Check: IsObject}}
		return Fields{"type": {Check: IsString}, "custom": {Check: custom.With("name")}}.Check(path, v)
	}
	return Fields{"type": {Check: IsString}, "function": {Check: checkFunction}}.Check(path, v)
}

func checkFunction(path string, v Node) *Error {
	known := Fields{
		"name":        {Check: isName},
		"description": {Check: IsString},
		"parameters":  {Check: IsObject},
		"strict":      {IsBool, true},
	}
	if err := known.Check(path, v); err != nil {
		return err
	}
	if err := need(path, v, "name"); err != nil {
		return err
	}
	strict, _ := v.Get("strict")
	params, ok := v.Get("parameters")
	if !strict.Yes || !ok {
		return nil
	}
	if err := checkStrict(params.Raw, params); err != nil {
		return Bad(path+".parameters", "invalid_function_parameters", "Invalid schema for function '%s': %v.", textOf(v, "name"), err)
	}
	return nil
}

func checkToolCall(path string, v Node) *Error {
	known := Fields{
		"id":     {Check: IsString},
		"type":   {Check: OneOf("function", "custom")},
		"custom": {Check: IsObject},
		"function": {Check: Fields{
			"name": {Check: IsString}, "arguments": {Check: IsString},
		}.With("name", "arguments")},
	}
	if err := known.With("id", "type")(path, v); err != nil {
		return err
	}
	return need(path, v, textOf(v, "type"))
}

func checkToolChoice(path string, v Node) *Error {
	if v.Kind == kindString {
		if err := OneOf("none", "auto", "required")(path, v); err != nil {
			return err
		}
		if v.Text != "required" {
			return nil
		}
	} else {
		if err := IsObject(path, v); err != nil {
			return err
		}
		kinds := []string{"function", "custom", "allowed_tools"}
		if kind, _ := v.Get("type"); !slices.Contains(kinds, kind.Text) {
			return OneOf(kinds...)(path+".type", kind)
		}
		if textOf(v, "type") == "allowed_tools" {
			return nil
		}
	}
	return Bad(path, "unsupported_value", "Unsupported value: '%s' asks for a tool call, and this mock never calls tools.", path)
}

func checkFunctionCall(path string, v Node) *Error {
	if v.Kind == kindString {
		return OneOf("none", "auto")(path, v)
	}
	if err := IsObject(path, v); err != nil {
		return err
	}
	return Bad(path, "unsupported_value", "Unsupported value: '%s' asks for a function call, and this mock never calls functions.", path)
}
