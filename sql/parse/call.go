package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// function spells a call; the name, which began at token start, is read, and
// "(" comes next. All expressions of the call are operands of one mark.
func (s *spelling) function(start int, name ast.QName) {
	c := &ast.Call{Pos: s.posAt(start), Name: name}
	a := s.call(start)
	s.needPunct("(")
	var fill []func([]ast.Expr)
	plain := s.arguments(a, c, &fill)
	s.needPunct(")")
	s.callTail(a, c, &fill)
	a.end(func(args []ast.Expr) ast.Expr {
		for _, f := range fill {
			f(args)
		}
		if plain > 0 {
			c.Args = args[:plain:plain]
		}
		return c
	})
}

// arguments spells what is between the parentheses and returns how many
// arguments there are.
func (s *spelling) arguments(a *args, c *ast.Call, fill *[]func([]ast.Expr)) int {
	switch {
	case s.peek().punct(")"):
		return 0
	case s.peek().op("*") && s.following().punct(")"):
		s.p++
		c.Star = true
		return 0
	case s.take("distinct"):
		c.Distinct = true
	default:
		s.take("all")
	}
	s.commaList(func() {
		if c.Variadic {
			s.syntax()
		}
		c.Variadic = s.take("variadic")
		s.argument(a, fill)
	})
	n := a.n
	if s.by("order") {
		*fill = append(*fill, s.orderArgs(a, &c.OrderBy))
	}
	return n
}

// argument spells one argument, which may be named.
func (s *spelling) argument(a *args, fill *[]func([]ast.Expr)) {
	t := s.peek()
	if (t.kind != tWord && t.kind != tQuoted) || !s.following().punct("=>") && !s.following().punct(":=") {
		a.expr()
		return
	}
	pos, name := s.pos(), s.nameIf(canCall(t))
	s.p++
	i := a.expr()
	*fill = append(*fill, func(args []ast.Expr) {
		args[i] = &ast.NamedArg{Pos: pos, Name: name, Value: args[i]}
	})
}

// callTail spells WITHIN GROUP, FILTER and OVER.
func (s *spelling) callTail(a *args, c *ast.Call, fill *[]func([]ast.Expr)) {
	if s.isWord("within", "group") {
		s.p += 2
		s.needPunct("(")
		s.need("order", "by")
		*fill = append(*fill, s.orderArgs(a, &c.WithinGroup))
		s.needPunct(")")
	}
	if s.isWord("filter") && s.following().punct("(") {
		s.p += 2
		s.need("where")
		i := a.expr()
		*fill = append(*fill, func(args []ast.Expr) { c.Filter = args[i] })
		s.needPunct(")")
	}
	if s.isWord("over") && (s.following().punct("(") || canName(s.following())) {
		pos := s.pos()
		s.p++
		c.Over = &ast.Window{Pos: pos}
		if !s.peek().punct("(") {
			c.Over.Ref, c.Over.Bare = s.name(), true
			return
		}
		*fill = append(*fill, s.window(a, c.Over))
	}
}

// orderArgs spells the items of an ORDER BY as operands; the result files them.
func (s *spelling) orderArgs(a *args, to *[]ast.OrderItem) func([]ast.Expr) {
	first := a.n
	var items []ast.OrderItem
	s.commaList(func() {
		o := ast.OrderItem{Pos: s.pos()}
		a.expr()
		s.orderFlags(&o)
		items = append(items, o)
	})
	return func(args []ast.Expr) {
		for i := range items {
			items[i].Expr = args[first+i]
		}
		*to = items
	}
}

// orderFlags reads ASC, DESC, USING op and NULLS FIRST or LAST.
func (s *spelling) orderFlags(o *ast.OrderItem) {
	switch {
	case s.take("desc"):
		o.Desc = true
	case s.take("using"):
		op := s.peek()
		if op.kind != tOp {
			s.syntax()
			return
		}
		o.Using = op.text
		s.p++
	default:
		s.take("asc")
	}
	if s.take("nulls") {
		first := s.take("first")
		if !first {
			s.need("last")
		}
		o.NullsFirst = &first
	}
}

// window spells ( [name] [PARTITION BY …] [ORDER BY …] [frame] ).
func (s *spelling) window(a *args, w *ast.Window) func([]ast.Expr) {
	var fill []func([]ast.Expr)
	s.needPunct("(")
	if t := s.peek(); canName(t) && !frameWords[t.text] && !s.isWord("partition") {
		w.Ref = s.name()
	}
	if s.by("partition") {
		first := a.n
		s.commaList(func() { a.expr() })
		last := a.n
		fill = append(fill, func(args []ast.Expr) { w.PartitionBy = args[first:last:last] })
	}
	if s.by("order") {
		fill = append(fill, s.orderArgs(a, &w.OrderBy))
	}
	if frameWords[s.peek().text] && s.peek().kind == tWord {
		w.Frame = &ast.Frame{Pos: s.pos()}
		fill = append(fill, s.frame(a, w.Frame)...)
	}
	s.needPunct(")")
	return func(args []ast.Expr) {
		for _, f := range fill {
			f(args)
		}
	}
}

var frameWords = map[string]bool{"rows": true, "range": true, "groups": true}

func (s *spelling) frame(a *args, f *ast.Frame) []func([]ast.Expr) {
	modes := map[string]ast.FrameMode{"rows": ast.FrameRows, "range": ast.FrameRange, "groups": ast.FrameGroups}
	f.Mode = modes[s.peek().text]
	s.p++
	f.End = ast.Bound{Pos: ast.NoPos, Kind: ast.CurrentRow}
	both := s.take("between")
	fill := []func([]ast.Expr){s.bound(a, &f.Start)}
	if both {
		s.need("and")
		fill = append(fill, s.bound(a, &f.End))
	}
	if f.Start.Kind == ast.UnboundedFollowing || f.End.Kind == ast.UnboundedPreceding || f.End.Kind < f.Start.Kind {
		s.failAt(min(s.p, s.end)-1, "42P20", "a window frame cannot end before it starts")
	}
	if s.take("exclude") {
		s.exclude(f)
	}
	return fill
}

func (s *spelling) exclude(f *ast.Frame) {
	switch {
	case s.take("current", "row"):
		f.Exclude = "current row"
	case s.take("group"):
		f.Exclude = "group"
	case s.take("ties"):
		f.Exclude = "ties"
	default:
		s.need("no", "others")
	}
}

// bound spells one end of a frame.
func (s *spelling) bound(a *args, b *ast.Bound) func([]ast.Expr) {
	b.Pos = s.pos()
	offset := -1
	switch {
	case s.take("current", "row"):
		b.Kind = ast.CurrentRow
		return func([]ast.Expr) {}
	case s.take("unbounded"):
		b.Kind = ast.UnboundedPreceding
	default:
		b.Kind = ast.Preceding
		offset = a.expr()
	}
	if !s.take("preceding") {
		s.need("following")
		b.Kind = map[bool]ast.BoundKind{true: ast.Following, false: ast.UnboundedFollowing}[offset >= 0]
	}
	return func(args []ast.Expr) { b.Offset = pick(args, offset) }
}
