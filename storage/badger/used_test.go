package badger

import (
	"os"
	"syscall"
)

// blocksOf returns the bytes that a file takes on disk, holes not counted.
func blocksOf(info os.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return info.Size()
}
