package expr

func likeTable() table { return table{} }
