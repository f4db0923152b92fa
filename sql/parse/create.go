package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// create reads CREATE ….
func (r *reader) create() ast.Statement {
	pos := r.pos()
	r.need("create")
	replace := r.take("or", "replace")
	temporary := r.take("temporary") || r.take("temp")
	switch {
	case r.isWord("table"):
		return r.createTable(pos, temporary)
	case temporary:
		r.syntax()
	case r.isWord("stream"):
		return r.createStream(pos)
	case r.isWord("materialized"), r.isWord("view"):
		return r.createView(pos, replace)
	case r.isAny("source", "sink", "connection"):
		r.unsupported(r.p, "CREATE "+upper(r.peek().text), "use CREATE STREAM … WITH (connector = …)")
	case r.isAny("index", "schema", "database", "role", "user", "type", "function", "extension", "sequence",
		"trigger", "rule", "domain", "policy", "publication", "subscription", "unique", "procedure", "aggregate"):
		r.unsupported(r.p, "CREATE "+upper(r.peek().text), "")
	default:
		r.syntaxAt(r.p, "stream", "view", "table", "materialized")
	}
	return nil
}

func (r *reader) ifNotExists() bool {
	if !r.isWord("if") || r.following().punct("(") {
		return false
	}
	r.need("if", "not", "exists")
	return true
}

func (r *reader) createStream(pos ast.Pos) ast.Statement {
	r.need("stream")
	s := &ast.CreateStream{Pos: pos, IfNotExists: r.ifNotExists(), Name: r.qname()}
	r.columns(&relation{columns: &s.Columns, key: &s.PrimaryKey, watermark: &s.Watermark})
	s.With = r.withOptions()
	s.As = r.asQuery(&s.With)
	return s
}

func (r *reader) createTable(pos ast.Pos, temporary bool) ast.Statement {
	r.need("table")
	s := &ast.CreateTable{Pos: pos, Temporary: temporary, IfNotExists: r.ifNotExists(), Name: r.qname()}
	if !r.peek().punct("(") && !r.isAny("as", "with") {
		r.syntax()
	}
	to := &relation{columns: &s.Columns, key: &s.PrimaryKey, watermark: &s.Watermark, named: &s.KeyName}
	r.columns(to)
	s.With = r.withOptions()
	if s.As = r.asQuery(&s.With); s.As == nil && to.untyped > 0 {
		r.syntaxAt(to.untyped)
	}
	return s
}

func (r *reader) createView(pos ast.Pos, replace bool) ast.Statement {
	s := &ast.CreateView{Pos: pos, OrReplace: replace, Materialized: r.take("materialized")}
	r.need("view")
	s.IfNotExists = r.ifNotExists()
	s.Name = r.qname()
	if r.peek().punct("(") {
		s.Columns = r.names()
	}
	s.With = r.withOptions()
	if s.As = r.asQuery(&s.With); s.As == nil {
		r.syntaxAt(r.p, "as")
	}
	return s
}

// asQuery reads AS query, if it comes next; the options may follow it.
func (r *reader) asQuery(with *ast.Options) *ast.Select {
	if !r.take("as") {
		return nil
	}
	q := r.query()
	if *with == nil {
		*with = r.withOptions()
	}
	return q
}

// relation is where the parts of a column list go.
type relation struct {
	columns   *[]ast.ColumnDef
	key       *[]ast.Name
	watermark **ast.Watermark
	named     *ast.Name // the name of a table's key; nil: it is no table
	untyped   int       // the token at which a column of a table has no type; 0: each has one
}

// columns reads (column, …, PRIMARY KEY (…), WATERMARK FOR …), if it is there.
func (r *reader) columns(to *relation) {
	if !r.peek().punct("(") {
		return
	}
	if to.named != nil && r.following().punct(")") { // a table may have no columns
		r.p += 2
		return
	}
	r.inParens(func() {
		name := r.constraintName(to)
		switch {
		case r.isWord("watermark", "for"):
			r.watermark(to)
		case r.isWord("primary", "key"):
			r.p += 2
			r.setKey(to, r.names(), name)
			r.take("not", "enforced")
		case r.isAny("constraint", "unique", "check", "foreign", "exclude", "like"):
			r.unsupported(r.p, upper(r.peek().text)+" in a column list", "")
		default:
			c, named := r.column(to)
			*to.columns = append(*to.columns, c)
			if c.PrimaryKey {
				r.setKey(to, []ast.Name{c.Name}, named)
			}
		}
	})
}

// constraintName reads CONSTRAINT name before a constraint that may have one.
func (r *reader) constraintName(to *relation) ast.Name {
	if to.named == nil || !r.take("constraint") {
		return ast.Name{Pos: ast.NoPos}
	}
	name := r.name()
	if !r.isAny("primary", "unique", "check", "foreign", "exclude", "not", "null", "default", "references", "generated") {
		r.syntax()
	}
	return name
}

func (r *reader) setKey(to *relation, key []ast.Name, name ast.Name) {
	if *to.key != nil {
		r.failAt(r.p-1, "42P16", "multiple primary keys are not allowed")
		return
	}
	*to.key = key
	if to.named != nil {
		*to.named = name
	}
}

func (r *reader) watermark(to *relation) {
	if *to.watermark != nil {
		r.failAt(r.p, CodeSyntax, "multiple watermarks are not allowed")
		return
	}
	w := &ast.Watermark{Pos: r.pos()}
	r.p += 2
	w.Column = r.name()
	r.need("as")
	w.Expr = r.expression()
	*to.watermark = w
}

// column reads name [type] with its constraints, and the name of the key among them.
func (r *reader) column(to *relation) (c ast.ColumnDef, key ast.Name) {
	c = ast.ColumnDef{Pos: r.pos(), Name: r.name()}
	key.Pos = ast.NoPos
	t := r.peek()
	if !t.punct(",") && !t.punct(")") && !r.isAny("as", "generated", "metadata", "not", "null", "primary", "default") {
		c.Type = r.typeName()
	} else if to.untyped == 0 {
		to.untyped = r.p
	}
	for r.err == nil {
		name, was := r.constraintName(to), c.PrimaryKey
		if !r.constraint(&c) {
			break
		}
		if c.PrimaryKey && !was {
			key = name
		}
	}
	return c, key
}

// constraint reads one part behind a column's type, if there is one.
func (r *reader) constraint(c *ast.ColumnDef) bool {
	switch {
	case r.take("not", "null"):
		c.NotNull = true
	case r.take("null"):
	case r.take("primary", "key"):
		c.PrimaryKey = true
		r.take("not", "enforced")
	case r.take("default"):
		c.Default = r.spelled(func(s *spelling) { s.exprOf(true) })
	case r.take("as"):
		c.Generated = r.expression()
		_ = r.take("stored") || r.take("virtual")
	case r.take("generated", "always", "as"):
		if r.isWord("identity") {
			r.unsupported(r.p, "IDENTITY", "give the column a value, or DEFAULT gen_random_uuid()")
			return false
		}
		r.needPunct("(")
		c.Generated = r.expression()
		r.needPunct(")")
		_ = r.take("stored") || r.take("virtual")
	case r.isWord("generated", "by", "default"):
		r.unsupported(r.p, "IDENTITY", "give the column a value, or DEFAULT gen_random_uuid()")
		return false
	case r.take("metadata"):
		key := c.Name.Text
		if r.take("from") {
			key = r.text()
		}
		c.Metadata = &key
		r.take("virtual")
	case r.isAny("unique", "check", "references", "constraint", "collate"):
		r.unsupported(r.p, upper(r.peek().text)+" of a column", "")
	default:
		return false
	}
	return true
}

// text reads a string.
func (r *reader) text() string {
	t := r.peek()
	if t.kind != tString {
		r.syntax()
		return ""
	}
	r.p++
	return t.text
}
