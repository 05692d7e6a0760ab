package mock

import "strings"

// jsonFindings reads findings that come as JSON: an array of objects, an
// object that holds one, or an object a line. nil: they do not.
func jsonFindings(s string) []finding {
	t := strings.TrimSpace(s)
	if t == "" || t[0] != '{' && !(t[0] == '[' && len(t) > 1 && !isDigit(t[1])) {
		return nil
	}
	if n, err := parse([]byte(t)); err == nil {
		return fromJSON(n)
	}
	var out []finding
	for l := range strings.Lines(t) {
		l = strings.Trim(l, " \t\r\n,")
		if l == "" {
			continue
		}
		n, err := parse([]byte(l))
		if err != nil || n.kind != kindObject {
			return nil
		}
		out = append(out, oneJSON(n, len(out)+1))
	}
	return out
}

func fromJSON(n node) []finding {
	switch n.kind {
	case kindArray:
		var out []finding
		for _, e := range n.items {
			switch e.kind {
			case kindObject:
				out = append(out, oneJSON(e, len(out)+1))
			case kindString:
				out = append(out, finding{refs: []int{len(out) + 1}, text: strings.TrimSpace(e.text), confidence: -1})
			}
		}
		return out
	case kindObject:
		for _, m := range n.members {
			if m.val.kind == kindArray && len(m.val.items) > 0 && m.val.items[0].kind == kindObject {
				return fromJSON(m.val)
			}
		}
		if f := oneJSON(n, 1); f.text != "" {
			return []finding{f}
		}
	}
	return nil
}

func oneJSON(n node, number int) finding {
	f := finding{refs: []int{number}, confidence: -1}
	for _, m := range n.members {
		switch v := m.val; v.kind {
		case kindNumber:
			switch strings.ToLower(m.key) {
			case "id", "n", "number", "index", "ref", "no", "编号":
				if k, ok := v.whole(); ok && k >= 0 && k < 1<<20 {
					f.refs = []int{int(k)}
				}
				continue
			}
			if x, ok := v.float(); ok && meaningOf(m.key) == meansConfidence {
				if x > 1 {
					x /= 100
				}
				f.confidence = clamp(x)
			}
		case kindString:
			switch meaningOf(m.key) {
			case meansQuote:
				f.quote = v.text
			case meansSource:
				f.where = v.text
			case meansAnswer:
				f.text = v.text
			}
		}
	}
	f.settle()
	return f
}
