package expr

// functions is every function and operator by name; special forms are in
// special.go.
var functions = merge(
	arithTable(), comparisonTable(), mathTable(), bitTable(),
	textTable(), likeTable(), timeTable(), nowTable(),
)
