package ast

// noParens are the calls that SQL writes without parentheses.
var noParens = map[string]string{
	"current_date": "CURRENT_DATE", "current_time": "CURRENT_TIME",
	"current_timestamp": "CURRENT_TIMESTAMP", "localtime": "LOCALTIME",
	"localtimestamp": "LOCALTIMESTAMP", "current_user": "CURRENT_USER",
	"current_role": "CURRENT_ROLE", "session_user": "SESSION_USER", "user": "USER",
	"current_catalog": "CURRENT_CATALOG", "current_schema": "CURRENT_SCHEMA",
}

// keywordCalls are function names that are keywords and yet are called like a
// function; quoted they would be another name.
var keywordCalls = map[string]string{
	"coalesce": "COALESCE", "nullif": "NULLIF", "greatest": "GREATEST",
	"least": "LEAST", "grouping": "GROUPING", "normalize": "NORMALIZE",
	"overlay": "OVERLAY", "substring": "SUBSTRING",
}

func (p *printer) call(c *Call) {
	if c.SQLForm {
		p.sqlCall(c)
	} else {
		p.plainCall(c)
	}
	if c.WithinGroup != nil {
		p.w(" WITHIN GROUP (ORDER BY ")
		p.orderItems(c.WithinGroup)
		p.w(")")
	}
	if c.Filter != nil {
		p.w(" FILTER (WHERE ")
		p.expr(c.Filter)
		p.w(")")
	}
	if c.Over != nil {
		p.w(" OVER ")
		p.window(c.Over)
	}
}

// sqlCall writes the calls that have a syntax of their own.
func (p *printer) sqlCall(c *Call) {
	name := c.Name.Last().Text
	if word, ok := noParens[name]; ok {
		p.w(word)
		if len(c.Args) > 0 {
			p.w("(")
			p.exprs(c.Args)
			p.w(")")
		}
		return
	}
	if word, ok := keywordCalls[name]; ok {
		p.w(word, "(")
		p.exprs(c.Args)
		p.w(")")
		return
	}
	if name == "position" && len(c.Args) == 2 {
		p.w("POSITION(")
		p.operand(c.Args[1])
		p.w(" IN ")
		p.operand(c.Args[0])
		p.w(")")
		return
	}
	p.plainCall(c)
}

func (p *printer) plainCall(c *Call) {
	p.callName(c.Name)
	p.w("(")
	p.when(c.Star, "*")
	p.when(c.Distinct, "DISTINCT ")
	p.list(len(c.Args), func(i int) {
		p.when(c.Variadic && i == len(c.Args)-1, "VARIADIC ")
		p.expr(c.Args[i])
	})
	if c.OrderBy != nil {
		p.w(" ORDER BY ")
		p.orderItems(c.OrderBy)
	}
	p.w(")")
}

// callName writes a function's name, which may be a word that no column can be
// called by.
func (p *printer) callName(q QName) {
	if len(q) == 1 && plainIdent(q[0].Text) && Keyword(q[0].Text) == FunctionKeyword {
		p.w(q[0].Text)
		return
	}
	p.qname(q)
}

func (p *printer) window(w *Window) {
	if w.Bare {
		p.name(w.Ref)
		return
	}
	p.w("(")
	sep := ""
	if !w.Ref.Empty() {
		p.name(w.Ref)
		sep = " "
	}
	if w.PartitionBy != nil {
		p.w(sep, "PARTITION BY ")
		p.exprs(w.PartitionBy)
		sep = " "
	}
	if w.OrderBy != nil {
		p.w(sep, "ORDER BY ")
		p.orderItems(w.OrderBy)
		sep = " "
	}
	if w.Frame != nil {
		p.w(sep)
		p.frame(w.Frame)
	}
	p.w(")")
}

func (p *printer) frame(f *Frame) {
	p.w([...]string{"RANGE", "ROWS", "GROUPS"}[f.Mode], " BETWEEN ")
	p.bound(f.Start)
	p.w(" AND ")
	p.bound(f.End)
	if f.Exclude != "" {
		p.w(" EXCLUDE ", f.Exclude)
	}
}

func (p *printer) bound(b Bound) {
	if b.Offset != nil {
		p.operand(b.Offset)
		p.w(" ")
	}
	p.w([...]string{
		"UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING",
	}[b.Kind])
}

// String returns the window as it stands after OVER.
func (w *Window) String() string { return print(func(p *printer) { p.window(w) }) }

func (p *printer) orderItems(items []OrderItem) {
	p.list(len(items), func(i int) { p.orderItem(items[i]) })
}

func (p *printer) orderItem(o OrderItem) {
	p.expr(o.Expr)
	switch {
	case o.Using != "":
		p.w(" USING ", o.Using)
	case o.Desc:
		p.w(" DESC")
	}
	if o.NullsFirst != nil {
		p.w(map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[*o.NullsFirst])
	}
}

// String returns the item as it stands in ORDER BY.
func (o OrderItem) String() string { return print(func(p *printer) { p.orderItem(o) }) }
