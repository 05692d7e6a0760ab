package observe

import (
	"os"
	"syscall"
	"unsafe"
)

// terminalColumns asks the terminal for its width; 0: it does not say.
func terminalColumns(f *os.File) int {
	var size struct{ rows, cols, x, y uint16 }
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return 0
	}
	return int(size.cols)
}
