package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

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
		if r.isWord("where") {
			r.unsupported(r.p, "WHERE behind the columns of ON CONFLICT", "there are no partial indexes")
		}
	} else if r.take("on", "constraint") {
		c.Constraint = r.name()
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
	s.Table = r.target()
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
	s.Table = r.target()
	if r.take("as") || canName(r.peek()) {
		s.Alias = r.name()
	}
	s.Using, s.Where = r.fromWhere("using")
	s.Returning = r.returning()
	return s
}

// target reads the name of a table to be changed: name [*], ONLY name or ONLY
// (name), which mean the same here.
func (r *reader) target() ast.QName {
	if r.take("only") {
		if !r.takePunct("(") {
			return r.qname()
		}
		name := r.qname()
		r.needPunct(")")
		return name
	}
	name := r.qname()
	r.takeOp("*")
	return name
}

// truncate reads TRUNCATE [TABLE] names.
func (r *reader) truncate() ast.Statement {
	s := &ast.Truncate{Pos: r.pos()}
	r.need("truncate")
	r.take("table")
	r.commaList(func() { s.Names = append(s.Names, r.target()) })
	if r.isWord("restart", "identity") {
		r.p += 2 // there are no sequences
	} else {
		r.take("continue", "identity")
	}
	if s.Cascade = r.take("cascade"); !s.Cascade {
		r.take("restrict")
	}
	return s
}
