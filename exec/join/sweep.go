package join

// sweep is the search for rows that nothing has touched for long.
type sweep struct{}

func (s *sweep) due(born int64) bool { return false }

func (j *Joiner) dropOld() (more bool, err error) { return false, nil }
