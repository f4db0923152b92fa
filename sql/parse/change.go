package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// drop reads DROP kind names.
func (r *reader) drop() ast.Statement {
	s := &ast.Drop{Pos: r.pos()}
	r.need("drop")
	s.Kind = r.neededKind("DROP")
	if r.isWord("if") {
		r.need("if", "exists")
		s.IfExists = true
	}
	r.commaList(func() { s.Names = append(s.Names, r.qname()) })
	if s.Cascade = r.take("cascade"); !s.Cascade {
		r.take("restrict")
	}
	return s
}

// neededKind reads the kind of an object.
func (r *reader) neededKind(verb string) ast.ObjectKind {
	kind := r.kindWord()
	if kind != ast.AnyObject || r.err != nil {
		return kind
	}
	switch {
	case r.isAny("source", "sink"):
		r.unsupported(r.p, verb+" "+upper(r.peek().text), "use "+verb+" STREAM")
	case r.isAny("database", "role", "user", "type", "function", "extension", "sequence", "system", "owned"):
		r.unsupported(r.p, verb+" "+upper(r.peek().text), "")
	default:
		r.syntaxAt(r.p, "stream", "view", "table", "materialized")
	}
	return kind
}

// alter reads ALTER kind name SET | RESET | RENAME | PAUSE | RESUME.
func (r *reader) alter() ast.Statement {
	s := &ast.Alter{Pos: r.pos()}
	r.need("alter")
	s.Kind = r.neededKind("ALTER")
	if r.isWord("if") {
		r.need("if", "exists")
		s.IfExists = true
	}
	s.Name = r.qname()
	switch {
	case r.take("set"):
		s.Action = ast.AlterSet
		s.Options = r.setOptions()
	case r.take("reset"):
		s.Action = ast.AlterReset
		r.inParens(func() {
			s.Options = append(s.Options, ast.Option{Pos: r.pos(), Name: r.optionName(), ValPos: ast.NoPos})
		})
	case r.take("rename", "to"):
		s.Action = ast.AlterRename
		s.NewName = r.name()
	case r.take("pause"):
		s.Action = ast.AlterPause
	case r.take("resume"):
		s.Action = ast.AlterResume
	case r.isAny("add", "drop", "owner", "alter", "rename", "attach", "detach"):
		r.unsupported(r.p, "ALTER … "+upper(r.peek().text), "")
	default:
		r.syntaxAt(r.p, "set", "reset", "rename", "pause", "resume")
	}
	return s
}

// setOptions reads (a = b, …), or a single a = b.
func (r *reader) setOptions() ast.Options {
	if r.peek().punct("(") {
		return r.options(true)
	}
	o := ast.Option{Pos: r.pos(), Name: r.optionName()}
	if !r.takeOp("=") {
		r.need("to")
	}
	r.optionValue(&o)
	return ast.Options{o}
}
