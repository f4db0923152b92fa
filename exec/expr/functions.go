package expr

// functions is every function and operator by name; special forms are in
// special.go.
var functions = extend(
	merge(
		arithTable(), comparisonTable(), mathTable(), bitTable(),
		textTable(), likeTable(), timeTable(), nowTable(),
	),
	clockTable(), byteaTable(), uuidTable(), jsonTable(), arrayTable(), fromCharTable(), checkTable(),
)

// Known tells whether there is a function of a name.
func Known(name string) bool { return functions[canonical(name)] != nil }
