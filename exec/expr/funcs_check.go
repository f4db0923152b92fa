package expr

// checkTable defines what the planner alone calls.
func checkTable() table {
	return table{
		// one row(n) is true, or an error where a scalar subquery has n > 1 rows.
		"one row": {{args: in(i8), ret: boolean_, row: func(f *frame) {
			if f.int(0) > 1 {
				f.fail(errorf("21000", "more than one row returned by a subquery used as an expression"))
				return
			}
			f.setBool(true)
		}}},
	}
}
