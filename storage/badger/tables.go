package badger

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/ristretto/v2/z"
)

// readTables reads of each table file of a database what Badger does when it opens
// it: the index and the last block. Badger does so on goroutines of its own, where
// its panic over a damaged one ends the process; here it becomes an error.
func readTables(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := readTable(file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func readTable(file string) (err error) {
	m, err := z.OpenMmapFile(file, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer func() {
		if e := m.Close(-1); err == nil {
			err = e
		}
	}()
	defer survive(&err)
	o := table.Options{Compression: options.None, ChkMode: options.OnBlockRead}
	if _, err := table.OpenInMemoryTable(m.Data, 0, &o); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	return nil
}
