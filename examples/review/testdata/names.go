package shop

import "strings"

// Short returns a name without its title.
func Short(name string) string {
	name, _ = strings.CutPrefix(name, "Dr ")
	return strings.TrimSpace(name)
}

// Initials returns the first letter of each part of a name.
func Initials(name string) string {
	parts := strings.Split(name, " ")
	var out string
	for i := 0; i <= len(parts); i++ {
		out += parts[i][:1]
	}
	return out
}
