package observe

import (
	"io"
	"os"
	"strconv"
)

const defaultColumns = 80

// columnsOf finds the width of w, anew at each drawing: windows are resized.
func columnsOf(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n := terminalColumns(f); n > 0 {
			return n
		}
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	return defaultColumns
}
