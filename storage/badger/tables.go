package badger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	bdg "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/ristretto/v2/z"
)

// readTables reads of each table file of a database what Badger does when it opens
// it: the index and the last block. Badger does so on goroutines of its own, where
// its panic over a damaged one ends the process; here it becomes an error.
func readTables(o bdg.Options) error {
	tables, err := tablesOf(o)
	if err != nil {
		return err
	}
	for _, file := range tables {
		if err := readTable(file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// tablesOf gives the table files that belong to a database, by its manifest: a
// process that was killed while it made a table leaves a file of zeros, or of a
// part, that the manifest does not know, and Badger removes.
func tablesOf(o bdg.Options) ([]string, error) {
	name := filepath.Join(o.Dir, bdg.ManifestFilename)
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noTables(o.Dir)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, _, err := bdg.ReplayManifestFile(f, o.ExternalMagicVersion, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	files := make([]string, 0, len(m.Tables))
	for id := range m.Tables {
		files = append(files, table.NewFilename(id, o.Dir))
	}
	return files, nil
}

// noTables is the error of a directory that has tables and no manifest: Badger
// would take it for a new one and remove them.
func noTables(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(files) == 0 {
		return err
	}
	return fmt.Errorf("%s: its file %s is missing, and it has %d table files: restore the directory as a whole", dir, bdg.ManifestFilename, len(files))
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
