//go:build race

package badger

// holdWrites keeps writers out while a value-log file is rewritten. Badger reads
// its newest version there without a lock: an aligned word that only grows, so
// an old reading does no harm (less is discarded), but the race detector rightly
// objects.
const holdWrites = true
