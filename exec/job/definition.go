package job

// Definition returns a running query as it was started.
func (e *Engine) Definition(id uint64) (QueryDef, bool) {
	q := e.query(id)
	if q == nil {
		return QueryDef{}, false
	}
	return q.def, true
}
