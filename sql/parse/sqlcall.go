package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// sqlCall makes a call node for a function with a syntax of its own.
func sqlCall(pos ast.Pos, name string, args ...ast.Expr) *ast.Call {
	return &ast.Call{Pos: pos, Name: ast.QName{{Pos: pos, Text: name}}, Args: args, SQLForm: true}
}

func (s *spelling) plainKeywordCall(name string) {
	pos := s.pos()
	a := s.call(s.p)
	s.p++
	s.inParens(func() { a.expr() })
	if name == "nullif" && a.n != 2 {
		s.syntaxAt(s.p - 1)
	}
	a.end(func(args []ast.Expr) ast.Expr { return sqlCall(pos, name, args...) })
}

// valueFunction spells CURRENT_DATE and its like; some take a precision.
func (s *spelling) valueFunction() bool {
	t, pos := s.peek(), s.pos()
	s.put(mark{tok: s.p})
	m := len(s.marks) - 1
	s.p++
	call := sqlCall(pos, t.text)
	timed := t.text == "current_time" || t.text == "current_timestamp" || t.text == "localtime" || t.text == "localtimestamp"
	if timed && s.takePunct("(") {
		n := s.peek()
		if n.kind != tNumber {
			s.syntax()
			return true
		}
		call.Args = []ast.Expr{&ast.Literal{Pos: s.pos(), Kind: ast.NumberLit, Text: n.text}}
		s.p++
		s.needPunct(")")
	}
	s.marks[m].build = func([]ast.Expr) ast.Expr { return call }
	return true
}

// extract spells EXTRACT(field FROM x).
func (s *spelling) extract() {
	pos := s.pos()
	a := s.call(s.p)
	s.p += 2
	t := s.peek()
	if t.kind != tWord && t.kind != tString && t.kind != tQuoted || t.text == "" {
		s.syntax()
		return
	}
	s.p++
	s.need("from")
	a.expr()
	s.needPunct(")")
	a.end(func(args []ast.Expr) ast.Expr { return &ast.Extract{Pos: pos, Field: fold(t.text), X: args[0]} })
}

// position spells POSITION(a IN b): the function's arguments are b, a.
func (s *spelling) position() {
	pos := s.pos()
	a := s.call(s.p)
	s.p += 2
	a.comma()
	s.exprOf(true)
	s.need("in")
	a.comma()
	s.exprOf(true)
	s.needPunct(")")
	a.end(func(args []ast.Expr) ast.Expr { return sqlCall(pos, "position", args[1], args[0]) })
}

// substring spells SUBSTRING(x, a, b) and SUBSTRING(x FROM a FOR b).
func (s *spelling) substring() {
	pos := s.pos()
	a := s.call(s.p)
	s.p += 2
	a.expr()
	from, length := -1, -1
	for s.err == nil {
		switch {
		case s.takePunct(","):
			a.expr()
		case from < 0 && s.take("from"):
			from = a.expr()
		case length < 0 && s.take("for"):
			length = a.expr()
		case s.isWord("similar"):
			s.unsupported(s.p, "SUBSTRING … SIMILAR", "use substring(x, pattern)")
		default:
			s.needPunct(")")
			a.end(func(args []ast.Expr) ast.Expr {
				if from < 0 && length < 0 {
					return sqlCall(pos, "substring", args...)
				}
				return sqlCall(pos, "substring", substringArgs(pos, args, from, length)...)
			})
			return
		}
	}
}

func substringArgs(pos ast.Pos, args []ast.Expr, from, length int) []ast.Expr {
	out := []ast.Expr{args[0], pick(args, from)}
	if from < 0 {
		out[1] = &ast.Literal{Pos: pos, Kind: ast.NumberLit, Text: "1"}
	}
	if length >= 0 {
		out = append(out, args[length])
	}
	return out
}

// overlay spells OVERLAY(x PLACING y FROM a FOR b), and with commas.
func (s *spelling) overlay() {
	pos := s.pos()
	a := s.call(s.p)
	s.p += 2
	a.expr()
	if s.take("placing") {
		a.expr()
		s.need("from")
		a.expr()
		if s.take("for") {
			a.expr()
		}
	} else {
		for s.takePunct(",") {
			a.expr()
		}
	}
	s.needPunct(")")
	a.end(func(args []ast.Expr) ast.Expr { return sqlCall(pos, "overlay", args...) })
}

// trim spells TRIM([BOTH|LEADING|TRAILING] [chars FROM] x): btrim, ltrim, rtrim.
func (s *spelling) trim() {
	pos, name := s.pos(), "btrim"
	a := s.call(s.p)
	s.p += 2
	switch {
	case s.take("leading"):
		name = "ltrim"
	case s.take("trailing"):
		name = "rtrim"
	default:
		s.take("both")
	}
	swap := false
	if !s.take("from") {
		a.expr()
		swap = s.take("from")
	}
	if swap || a.n == 0 {
		a.expr()
	}
	for s.takePunct(",") {
		a.expr()
	}
	s.needPunct(")")
	a.end(func(args []ast.Expr) ast.Expr {
		if swap {
			args[0], args[1] = args[1], args[0]
		}
		c := sqlCall(pos, name, args...)
		c.SQLForm = false
		return c
	})
}
