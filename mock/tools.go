package mock

import "slices"

// Tools are checked and otherwise ignored: a brain is not shown them and a
// reply never calls one. A request that insists on a call is refused.

func checkTool(path string, v node) *Error {
	if err := isObject(path, v); err != nil {
		return err
	}
	if err := need(path, v, "type"); err != nil {
		return err
	}
	kind, _ := v.get("type")
	if err := oneOf("function", "custom")(path+".type", kind); err != nil {
		return err
	}
	if err := need(path, v, kind.text); err != nil {
		return err
	}
	if kind.text == "custom" {
		custom := fields{"name": {check: isName}, "description": {check: isString}, "format": {check: isObject}}
		return fields{"type": {check: isString}, "custom": {check: custom.with("name")}}.check(path, v)
	}
	return fields{"type": {check: isString}, "function": {check: checkFunction}}.check(path, v)
}

func checkFunction(path string, v node) *Error {
	known := fields{
		"name":        {check: isName},
		"description": {check: isString},
		"parameters":  {check: isObject},
		"strict":      {isBool, true},
	}
	if err := known.check(path, v); err != nil {
		return err
	}
	if err := need(path, v, "name"); err != nil {
		return err
	}
	strict, _ := v.get("strict")
	params, ok := v.get("parameters")
	if !strict.yes || !ok {
		return nil
	}
	if err := checkStrict(params); err != nil {
		return bad(path+".parameters", "invalid_function_parameters", "Invalid schema for function '%s': %v.", textOf(v, "name"), err)
	}
	return nil
}

func checkToolCall(path string, v node) *Error {
	known := fields{
		"id":     {check: isString},
		"type":   {check: oneOf("function", "custom")},
		"custom": {check: isObject},
		"function": {check: fields{
			"name": {check: isString}, "arguments": {check: isString},
		}.with("name", "arguments")},
	}
	if err := known.with("id", "type")(path, v); err != nil {
		return err
	}
	return need(path, v, textOf(v, "type"))
}

func checkToolChoice(path string, v node) *Error {
	if v.kind == kindString {
		if err := oneOf("none", "auto", "required")(path, v); err != nil {
			return err
		}
		if v.text != "required" {
			return nil
		}
	} else {
		if err := isObject(path, v); err != nil {
			return err
		}
		kinds := []string{"function", "custom", "allowed_tools"}
		if kind, _ := v.get("type"); !slices.Contains(kinds, kind.text) {
			return oneOf(kinds...)(path+".type", kind)
		}
		if textOf(v, "type") == "allowed_tools" {
			return nil
		}
	}
	return bad(path, "unsupported_value", "Unsupported value: '%s' asks for a tool call, and this mock never calls tools.", path)
}

func checkFunctionCall(path string, v node) *Error {
	if v.kind == kindString {
		return oneOf("none", "auto")(path, v)
	}
	if err := isObject(path, v); err != nil {
		return err
	}
	return bad(path, "unsupported_value", "Unsupported value: '%s' asks for a function call, and this mock never calls functions.", path)
}
