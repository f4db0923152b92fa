// Package bank moves money between accounts by transactions from many
// connections, while others read totals: no reader, subscriber or topic may
// ever see a total that never was, and no kill may lose a transaction that was
// acknowledged, or leave half of one.
package bank
