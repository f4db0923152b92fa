package parse

import (
	"regexp"
	"strconv"
	"sync"

	"github.com/pingcap/tidb/pkg/parser"
	tidb "github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/mysql"
	"github.com/pingcap/tidb/pkg/parser/opcode"
	_ "github.com/pingcap/tidb/pkg/parser/test_driver" // literals of tidb's; none occur, but it must be told

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// parsers holds tidb's parsers; one is not safe for concurrent use.
var parsers = sync.Pool{New: func() any {
	p := parser.New()
	p.SetSQLMode(mysql.ModeANSIQuotes | mysql.ModePipesAsConcat | mysql.ModeNoBackslashEscapes)
	return p
}}

var nearMark = regexp.MustCompile(`near "[^"]*?\bm(\d+)`)

// tree has tidb parse the spelling.
func (s *spelling) tree() tidb.StmtNode {
	if s.err != nil {
		return nil
	}
	p := parsers.Get().(*parser.Parser)
	defer parsers.Put(p)
	stmt, err := p.ParseOneStmt(string(s.buf), "", "")
	if err == nil {
		return stmt
	}
	// What is spelled is meant to parse; where it does not, the mark at which
	// tidb stopped is the best place to name.
	tok := 0
	if m := nearMark.FindStringSubmatch(err.Error()); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && n < len(s.marks) {
			tok = s.marks[n].tok
		}
	}
	s.syntaxAt(tok)
	s.err.ours = true
	return nil
}

// foreign reports a construct of tidb's that no spelling should hold.
func (s *spelling) foreign() {
	s.fail(&Error{Code: CodeUnsupported, Message: "this form of query is not supported", Pos: s.posAt(0), ours: true})
}

// queryTree fills q from tidb's tree; cores are its operands, spelled in order.
func (s *spelling) queryTree(q *ast.Select, cores []ast.Body) {
	var selects []tidb.Node
	var order *tidb.OrderByClause
	switch n := s.tree().(type) {
	case *tidb.SelectStmt:
		selects, order = []tidb.Node{n}, n.OrderBy
	case *tidb.SetOprStmt:
		selects, order = n.SelectList.Selects, n.OrderBy
	}
	if s.err != nil {
		return
	}
	if len(selects) != len(cores) {
		s.foreign()
		return
	}
	for i, n := range selects {
		stmt, ok := n.(*tidb.SelectStmt)
		if !ok {
			s.foreign()
			return
		}
		s.fillCore(stmt, cores[i])
	}
	if order != nil {
		s.byItems(order.Items)
	}
	q.Body = s.combine(cores)
}

// combine applies the set operations: INTERSECT first, then from the left.
func (s *spelling) combine(cores []ast.Body) ast.Body {
	for i, c := range cores {
		if q, ok := c.(*ast.Select); ok && plain(q) {
			cores[i] = q.Body // parentheses around a body say nothing
		}
	}
	left := cores[0]
	for i := 0; i < len(s.setOps); i++ {
		op, right := s.setOps[i], cores[i+1]
		if op.op != ast.Intersect {
			for i+1 < len(s.setOps) && s.setOps[i+1].op == ast.Intersect {
				i++
				right = s.setOps[i].node(s, right, cores[i+1])
			}
		}
		left = op.node(s, left, right)
	}
	return left
}

func (o setOp) node(s *spelling, l, r ast.Body) ast.Body {
	return &ast.SetOp{Pos: s.posAt(o.tok), Op: o.op, All: o.all, Left: l, Right: r}
}

// plainSelect reports whether a SELECT of tidb's holds but the clauses that a
// spelling may have.
func plainSelect(n *tidb.SelectStmt) bool {
	o := n.SelectStmtOpts
	return n.Limit == nil && n.LockInfo == nil && n.SelectIntoOpt == nil && n.With == nil &&
		len(n.TableHints) == 0 && len(n.WindowSpecs) == 0 && n.Kind == tidb.SelectStmtKindSelect &&
		(o == nil || o.Priority == mysql.NoPriority && !o.StraightJoin && !o.CalcFoundRows && !o.SQLBigResult && !o.SQLSmallResult && !o.SQLBufferResult)
}

// fillCore fills in what the spelling has left to tidb.
func (s *spelling) fillCore(n *tidb.SelectStmt, b ast.Body) {
	if !plainSelect(n) {
		s.foreign()
		return
	}
	c, ok := b.(*ast.SelectCore)
	if !ok {
		if _, values := b.(*ast.Values); values {
			s.fieldExprs(n.Fields)
		}
		return
	}
	for i, e := range s.fieldExprs(n.Fields) {
		c.Fields[i].Expr = e
	}
	if n.From != nil {
		c.From = s.fromItems(n.From.TableRefs, nil)
	}
	if n.Where != nil {
		c.Where, _ = s.walk(n.Where)
	}
	if n.GroupBy != nil {
		c.GroupBy = flatten(nil, s.byItems(n.GroupBy.Items))
	}
	if n.Having != nil {
		s.walk(n.Having.Expr)
	}
}

// flatten takes the parentheses away from GROUP BY (a, b), which mean nothing.
func flatten(list, items []ast.Expr) []ast.Expr {
	for _, e := range items {
		if row, ok := e.(*ast.Row); ok && !row.Explicit {
			list = flatten(list, row.Elems)
		} else {
			list = append(list, e)
		}
	}
	return list
}

// fieldExprs walks a select list, without what was filed elsewhere.
func (s *spelling) fieldExprs(list *tidb.FieldList) []ast.Expr {
	var out []ast.Expr
	for _, f := range list.Fields {
		if f.WildCard != nil || f.AsName.O != "" {
			s.foreign()
			return nil
		}
		if e, _ := s.walk(f.Expr); e != nil {
			out = append(out, e)
		}
	}
	return out
}

func (s *spelling) byItems(items []*tidb.ByItem) []ast.Expr {
	var out []ast.Expr
	for _, it := range items {
		if e, _ := s.walk(it.Expr); e != nil {
			out = append(out, e)
		}
	}
	return out
}

// markOf returns the mark of that name, nil if it is none.
func (s *spelling) markOf(name string) *mark {
	if len(name) < 2 || name[0] != 'm' {
		return nil
	}
	n, err := strconv.Atoi(name[1:])
	if err != nil || n >= len(s.marks) {
		return nil
	}
	return &s.marks[n]
}

var nativeOps = map[opcode.Op]string{
	opcode.LogicOr: "or", opcode.LogicAnd: "and", opcode.EQ: "=", opcode.NE: "<>", opcode.LT: "<",
	opcode.GT: ">", opcode.LE: "<=", opcode.GE: ">=", opcode.Plus: "+", opcode.Minus: "-", opcode.Mul: "*",
	opcode.Div: "/", opcode.Mod: "%",
}
