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

// alter reads ALTER kind name SET | RESET | RENAME.
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
	case r.isAny("add", "drop", "owner", "alter", "rename", "attach", "detach"):
		r.unsupported(r.p, "ALTER … "+upper(r.peek().text), "")
	default:
		r.syntaxAt(r.p, "set", "reset", "rename")
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

// insert reads INSERT INTO.
func (r *reader) insert(with *ast.With) ast.Statement {
	s := &ast.Insert{Pos: r.pos(), With: with}
	r.need("insert", "into")
	s.Table = r.qname()
	if r.take("as") {
		s.Alias = r.name()
	}
	if r.peek().punct("(") && !r.isQuery(r.p) {
		s.Columns = r.names()
	}
	if r.isWord("overriding") {
		r.unsupported(r.p, "OVERRIDING", "")
	}
	if !r.take("default", "values") {
		s.Query = r.queryWith(nil, true)
	}
	if r.take("on", "conflict") {
		s.OnConflict = r.onConflict()
	}
	s.Returning = r.returning()
	return s
}

func (r *reader) onConflict() *ast.OnConflict {
	c := &ast.OnConflict{Pos: r.posAt(r.p - 2)}
	if r.peek().punct("(") {
		c.Columns = r.names()
	} else if r.isWord("on", "constraint") {
		r.unsupported(r.p, "ON CONSTRAINT", "name the columns")
	}
	r.need("do")
	if r.take("nothing") {
		return c
	}
	r.need("update", "set")
	c.Set = r.assigns()
	if r.take("where") {
		c.Where = r.expression()
	}
	return c
}

// assigns reads column = value, …; (a, b) = (x, y) becomes two of them.
func (r *reader) assigns() []ast.Assign {
	var list []ast.Assign
	r.commaList(func() {
		if r.peek().punct("(") {
			list = append(list, r.assignMany()...)
			return
		}
		a := ast.Assign{Pos: r.pos(), Column: r.name()}
		if !r.takeOp("=") {
			r.syntax()
		}
		a.Value = r.assigned()
		list = append(list, a)
	})
	return list
}

// assigned reads a value of SET, which may be DEFAULT.
func (r *reader) assigned() ast.Expr {
	return r.spelled(func(s *spelling) {
		s.insert = true
		s.expr()
	})
}

func (r *reader) assignMany() []ast.Assign {
	var list []ast.Assign
	for _, n := range r.names() {
		list = append(list, ast.Assign{Pos: n.Pos, Column: n})
	}
	if !r.takeOp("=") {
		r.syntax()
	}
	if r.isQuery(r.p) {
		r.unsupported(r.p, "SET (…) = (SELECT …)", "assign the columns one by one")
		return list
	}
	r.take("row")
	at, i := r.p, 0
	r.inParens(func() {
		if e := r.assigned(); i < len(list) {
			list[i].Value = e
		}
		i++
	})
	if i != len(list) {
		r.failAt(at, CodeSyntax, "number of columns does not match number of values")
	}
	return list
}

func (r *reader) returning() []ast.Field {
	if !r.take("returning") {
		return nil
	}
	return r.fieldList()
}

// update reads UPDATE … SET.
func (r *reader) update(with *ast.With) ast.Statement {
	s := &ast.Update{Pos: r.pos(), With: with}
	r.need("update")
	r.take("only")
	s.Table = r.qname()
	if r.take("as") || !r.isWord("set") {
		s.Alias = r.name()
	}
	r.need("set")
	s.Set = r.assigns()
	s.From, s.Where = r.fromWhere("from")
	s.Returning = r.returning()
	return s
}

// deleteFrom reads DELETE FROM.
func (r *reader) deleteFrom(with *ast.With) ast.Statement {
	s := &ast.Delete{Pos: r.pos(), With: with}
	r.need("delete", "from")
	r.take("only")
	s.Table = r.qname()
	if r.take("as") || canName(r.peek()) {
		s.Alias = r.name()
	}
	s.Using, s.Where = r.fromWhere("using")
	s.Returning = r.returning()
	return s
}
