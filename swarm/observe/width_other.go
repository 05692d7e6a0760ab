//go:build !linux

package observe

import "os"

// terminalColumns would ask the terminal for its width; 0: it does not say.
func terminalColumns(*os.File) int { return 0 }
