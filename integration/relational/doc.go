// Package relational compares Dirigo with PostgreSQL on random tables, random
// views over them (and over one another) and random changes: the same
// statements go to both, and after every FLUSH each view must hold the same rows.
package relational
