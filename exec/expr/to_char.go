package expr

func charTable() table { return table{} }
