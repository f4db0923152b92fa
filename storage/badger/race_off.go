//go:build !race

package badger

// holdWrites: see race_on.go.
const holdWrites = false
