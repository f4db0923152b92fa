package ast

// paren writes a query in parentheses.
func (p *printer) paren(q *Select) {
	p.w("(")
	p.query(q)
	p.w(")")
}

func (p *printer) query(q *Select) {
	p.with(q.With)
	p.body(q.Body, false)
	if q.OrderBy != nil {
		p.w(" ORDER BY ")
		p.orderItems(q.OrderBy)
	}
	if q.Limit != nil && !q.WithTies {
		p.w(" LIMIT ")
		p.expr(q.Limit)
	}
	if q.Offset != nil {
		p.w(" OFFSET ")
		p.expr(q.Offset)
	}
	if q.Limit != nil && q.WithTies {
		p.w(" FETCH FIRST (")
		p.expr(q.Limit)
		p.w(") ROWS WITH TIES")
	}
	p.w([...]string{"", " EMIT ON WINDOW CLOSE", " EMIT CHANGES"}[q.Emit])
}

func (p *printer) with(w *With) {
	if w == nil {
		return
	}
	p.w("WITH ")
	p.when(w.Recursive, "RECURSIVE ")
	p.list(len(w.CTEs), func(i int) {
		c := w.CTEs[i]
		p.name(c.Name)
		p.columns(c.Columns)
		p.w(" AS ")
		if c.Materialized != nil {
			p.w(not(!*c.Materialized), "MATERIALIZED ")
		}
		p.paren(c.Query)
	})
	p.w(" ")
}

// columns writes a list of names in parentheses, if there is one.
func (p *printer) columns(names []Name) {
	if len(names) > 0 {
		p.w(" (")
		p.names(names)
		p.w(")")
	}
}

// body writes a query body; nested ones that combine stand in parentheses.
func (p *printer) body(b Body, nested bool) {
	switch b := b.(type) {
	case *SelectCore:
		p.core(b)
	case *Values:
		p.w("VALUES ")
		p.list(len(b.Rows), func(i int) {
			p.w("(")
			p.exprs(b.Rows[i])
			p.w(")")
		})
	case *Select:
		p.paren(b)
	case *SetOp:
		p.when(nested, "(")
		p.body(b.Left, true)
		p.w(" ", [...]string{"UNION", "INTERSECT", "EXCEPT"}[b.Op])
		p.when(b.All, " ALL")
		p.w(" ")
		p.body(b.Right, true)
		p.when(nested, ")")
	}
}

func (p *printer) core(c *SelectCore) {
	p.w("SELECT")
	p.when(c.Distinct, " DISTINCT")
	if c.DistinctOn != nil {
		p.w(" DISTINCT ON (")
		p.exprs(c.DistinctOn)
		p.w(")")
	}
	p.when(len(c.Fields) > 0, " ")
	p.fields(c.Fields)
	if c.From != nil {
		p.w(" FROM ")
		p.tables(c.From)
	}
	p.clause(" WHERE ", c.Where)
	if c.GroupBy != nil {
		p.w(" GROUP BY ")
		p.when(c.GroupDistinct, "DISTINCT ")
		p.exprs(c.GroupBy)
	}
	p.clause(" HAVING ", c.Having)
	if c.Windows != nil {
		p.w(" WINDOW ")
		p.list(len(c.Windows), func(i int) {
			p.name(c.Windows[i].Name)
			p.w(" AS ")
			p.window(&c.Windows[i].Def)
		})
	}
}

func (p *printer) clause(word string, e Expr) {
	if e != nil {
		p.w(word)
		p.expr(e)
	}
}

func (p *printer) fields(list []Field) {
	p.list(len(list), func(i int) {
		p.expr(list[i].Expr)
		if !list[i].Alias.Empty() {
			p.w(" AS ")
			p.name(list[i].Alias)
		}
	})
}

// String returns the field as it stands in a select list.
func (f Field) String() string { return print(func(p *printer) { p.fields([]Field{f}) }) }

func (p *printer) tables(list []TableExpr) { p.list(len(list), func(i int) { p.table(list[i]) }) }

func (p *printer) table(t TableExpr) {
	switch t := t.(type) {
	case *TableName:
		p.when(t.Only, "ONLY ")
		p.qname(t.Name)
		p.clause(" FOR SYSTEM_TIME AS OF ", t.AsOf)
		p.alias(t.Alias)
	case *Subselect:
		p.when(t.Lateral, "LATERAL ")
		p.paren(t.Query)
		p.alias(t.Alias)
	case *TableFunc:
		p.when(t.Lateral, "LATERAL ")
		p.call(t.Call)
		p.when(t.Ordinality, " WITH ORDINALITY")
		p.alias(t.Alias)
	case *WindowTable:
		p.w([...]string{"TUMBLE(", "HOP(", "SESSION(", "CUMULATE("}[t.Kind])
		p.table(t.Input)
		p.w(", ")
		p.expr(t.Time)
		for _, a := range t.Args {
			p.w(", ")
			p.expr(a)
		}
		p.w(")")
		p.alias(t.Alias)
	case *Join:
		p.join(t)
	}
}

func (p *printer) join(j *Join) {
	p.when(!j.Alias.Name.Empty(), "(")
	p.table(j.Left)
	p.w(" ")
	p.when(j.Natural, "NATURAL ")
	p.when(j.Asof, "ASOF ")
	p.w([...]string{"JOIN ", "LEFT JOIN ", "RIGHT JOIN ", "FULL JOIN ", "CROSS JOIN "}[j.Kind])
	if r, nested := j.Right.(*Join); nested && r.Alias.Name.Empty() {
		p.w("(")
		p.table(r)
		p.w(")")
	} else {
		p.table(j.Right)
	}
	p.clause(" ON ", j.On)
	if j.Using != nil {
		p.w(" USING (")
		p.names(j.Using)
		p.w(")")
		if !j.UsingAlias.Empty() {
			p.w(" AS ")
			p.name(j.UsingAlias)
		}
	}
	p.when(!j.Alias.Name.Empty(), ")")
	p.alias(j.Alias)
}

func (p *printer) alias(a Alias) {
	if a.Name.Empty() && a.Columns == nil {
		return
	}
	p.w(" AS")
	if !a.Name.Empty() {
		p.w(" ")
		p.name(a.Name)
	}
	if a.Columns == nil {
		return
	}
	p.w(" (")
	p.list(len(a.Columns), func(i int) {
		p.name(a.Columns[i])
		if a.Types != nil {
			p.w(" ")
			p.typeName(a.Types[i])
		}
	})
	p.w(")")
}

func (q *Select) String() string     { return print(func(p *printer) { p.query(q) }) }
func (c *SelectCore) String() string { return print(func(p *printer) { p.core(c) }) }
func (s *SetOp) String() string      { return print(func(p *printer) { p.body(s, false) }) }
func (v *Values) String() string     { return print(func(p *printer) { p.body(v, false) }) }

func (t *TableName) String() string   { return print(func(p *printer) { p.table(t) }) }
func (t *Subselect) String() string   { return print(func(p *printer) { p.table(t) }) }
func (t *TableFunc) String() string   { return print(func(p *printer) { p.table(t) }) }
func (t *WindowTable) String() string { return print(func(p *printer) { p.table(t) }) }
func (t *Join) String() string        { return print(func(p *printer) { p.table(t) }) }
