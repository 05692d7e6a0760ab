package calc

import "regexp"

var (
	// token is a text, a comment, or one character.
	token = regexp.MustCompile("(?s)" + `"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'` + "|`[^`]*`|//[^\n]*|" + `/\*.*?\*/|.`)
	// entry is how a map begins, but no block.
	entry = regexp.MustCompile(`^\{\s*(?:\}|(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[\pL_][\pL\d_]*)\s*:)`)
)

// mendBraces puts each map into parentheses. In map(list, {"a": #}) expr takes
// the brace for that of a block, and models do not know.
func mendBraces(program string) string {
	var out []byte
	var isMap []bool // of each open brace
	for _, span := range token.FindAllStringIndex(program, -1) {
		t := program[span[0]:span[1]]
		switch n := len(isMap); {
		case t == "{":
			isMap = append(isMap, entry.MatchString(program[span[0]:]))
			if isMap[n] {
				t = "({"
			}
		case t == "}" && n > 0:
			if isMap[n-1] {
				t = "})"
			}
			isMap = isMap[:n-1]
		}
		out = append(out, t...)
	}
	return string(out)
}
