// Package relational compares Dirigo with PostgreSQL on random tables and
// streams, random views over them (and over one another) and random changes: the
// same statements go to both, and after every FLUSH each view must hold the same
// rows.
//
// What PostgreSQL leaves open is not generated: LIMIT without a total order,
// array_agg in the order of anything but the values themselves, the row that
// ON CONFLICT keeps of two in one SELECT, keys that meet on the way of an UPDATE,
// late rows (it has no lateness), and values with two spellings (1.0 and 1.00).
package relational
