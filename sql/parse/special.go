package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// keyword spells an operand that begins with a keyword; false means that the
// word is just a name.
func (s *spelling) keyword(word string) bool {
	switch word {
	case "null":
		return s.constant(ast.NullLit)
	case "true", "false":
		return s.constant(ast.BoolLit)
	case "case":
		return s.caseExpr()
	case "cast":
		return s.cast()
	case "array":
		return s.array()
	case "default":
		return s.defaultValue()
	case "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user",
		"current_role", "session_user", "user", "current_catalog":
		return s.valueFunction()
	case "current_schema": // a function's name too
		return !s.following().punct("(") && s.valueFunction()
	}
	return s.following().punct("(") && s.keywordCall(word)
}

// keywordCall spells the calls whose name is a keyword; "(" comes next.
func (s *spelling) keywordCall(word string) bool {
	switch word {
	case "exists":
		s.exists()
	case "row":
		s.row()
	case "extract":
		s.extract()
	case "position":
		s.position()
	case "substring":
		s.substring()
	case "overlay":
		s.overlay()
	case "trim":
		s.trim()
	case "coalesce", "greatest", "least", "nullif", "grouping", "normalize":
		s.plainKeywordCall(word)
	case "treat", "xmlattributes", "xmlconcat", "xmlelement", "xmlexists", "xmlforest", "xmlparse",
		"xmlpi", "xmlroot", "xmlserialize", "xmltable":
		s.unsupported(s.p, upper(word), "")
	default:
		return false
	}
	return true
}

func (s *spelling) constant(kind ast.LitKind) bool {
	text := s.peek().text
	if kind == ast.NullLit {
		text = ""
	}
	s.leaf(1, &ast.Literal{Pos: s.pos(), Kind: kind, Text: text})
	return true
}

func (s *spelling) defaultValue() bool {
	if !s.insert {
		s.failAt(s.p, CodeSyntax, "DEFAULT is not allowed in this context")
		return true
	}
	s.leaf(1, &ast.Default{Pos: s.pos()})
	return true
}

func (s *spelling) caseExpr() bool {
	pos := s.pos()
	a := s.call(s.p)
	s.p++
	operand, other := -1, -1
	var arms []ast.Pos
	if !s.isWord("when") {
		operand = a.expr()
	}
	for s.err == nil && s.isWord("when") {
		arms = append(arms, s.pos())
		s.p++
		a.expr()
		s.need("then")
		a.expr()
	}
	if arms == nil {
		s.syntax()
	}
	if s.take("else") {
		other = a.expr()
	}
	s.need("end")
	a.end(func(args []ast.Expr) ast.Expr {
		c := &ast.Case{Pos: pos, Operand: pick(args, operand), Else: pick(args, other)}
		i := operand + 1
		for _, at := range arms {
			c.Whens = append(c.Whens, ast.When{Pos: at, Cond: args[i], Then: args[i+1]})
			i += 2
		}
		return c
	})
	return true
}

func (s *spelling) cast() bool {
	if !s.following().punct("(") {
		s.syntaxAt(s.p + 1)
		return true
	}
	pos := s.pos()
	a := s.call(s.p)
	s.p += 2
	a.expr()
	s.need("as")
	typ := s.typeName()
	s.needPunct(")")
	a.end(func(args []ast.Expr) ast.Expr { return &ast.Cast{Pos: pos, X: args[0], Type: typ} })
	return true
}

func (s *spelling) exists() {
	tok, pos := s.p, s.pos()
	s.p++
	if !s.isQuery(s.p) {
		s.syntaxAt(s.p + 1)
		return
	}
	q := s.parenQuery()
	s.put(mark{tok: tok, build: func([]ast.Expr) ast.Expr {
		return &ast.Subquery{Pos: pos, Exists: true, Query: q}
	}})
}

// array spells ARRAY[…], nested ones without the word, and ARRAY(query).
func (s *spelling) array() bool {
	tok, pos := s.p, s.pos()
	s.p++
	if s.peek().punct("(") && s.isQuery(s.p) {
		q := s.parenQuery()
		s.put(mark{tok: tok, build: func([]ast.Expr) ast.Expr { return &ast.ArraySubquery{Pos: pos, Query: q} }})
		return true
	}
	s.arrayElems(tok)
	return true
}

func (s *spelling) arrayElems(tok int) {
	pos := s.posAt(tok)
	a := s.call(tok)
	s.needPunct("[")
	if !s.enter() {
		return
	}
	if !s.peek().punct("]") {
		s.commaList(func() {
			if s.peek().punct("[") {
				a.comma()
				s.arrayElems(s.p)
				return
			}
			a.expr()
		})
	}
	s.depth--
	s.needPunct("]")
	a.end(func(args []ast.Expr) ast.Expr { return &ast.Array{Pos: pos, Elems: args} })
}

func (s *spelling) row() {
	pos := s.pos()
	a := s.call(s.p)
	s.p += 2
	if !s.peek().punct(")") {
		s.commaList(func() { a.expr() })
	}
	s.needPunct(")")
	a.end(func(args []ast.Expr) ast.Expr { return &ast.Row{Pos: pos, Elems: args, Explicit: true} })
}
