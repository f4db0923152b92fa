package bind

import (
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/expr"
	"github.com/dirigo-stream/dirigo/planner/logical"
	"github.com/dirigo-stream/dirigo/sql/ast"
)

// scope is what names in an expression can mean: the columns of a plan node,
// under the names of the FROM items they came from. Column i of the scope is
// column i of the node, so that a join's scope is its sides', one after the
// other.
type scope struct {
	columns []column
	// tables are the names of FROM items, in order; hidden are relations that
	// have another name here, by their own.
	tables []string
	hidden map[string]string
	// aggs collects aggregate calls; nil where none may stand.
	aggs *aggregates
	// forbid says where aggregates may not stand, for the error: "in WHERE".
	forbid string
	// outer is the scope around a subquery; nil: none.
	outer *scope
	// subs collects subqueries; nil where none may stand.
	subs *subqueries
	// sets collects functions that give rows; nil where none may stand, because
	// of noSets or forbid.
	sets   *sets
	noSets string
}

type column struct {
	table string // the FROM item's name; empty: none
	name  string
	typ   batch.Type
	// merged: USING or NATURAL has put another column in its place, but for
	// references with its table's name.
	merged bool
	// scalar: the item is a function of scalars, whose name alone means the column.
	scalar bool
}

// tableScope is the scope of one FROM item.
func tableScope(table string, s batch.Schema) *scope {
	out := &scope{}
	if table != "" {
		out.tables = []string{table}
	}
	for _, f := range s {
		out.columns = append(out.columns, column{table: table, name: f.Name, typ: f.Type})
	}
	return out
}

// in returns a copy for a clause in which aggregates may not stand.
func (s *scope) in(clause string) *scope {
	c := *s
	c.aggs, c.sets, c.forbid = nil, nil, clause
	return &c
}

// setless returns a copy for a construct in which functions that give rows may
// not stand.
func (s *scope) setless(construct string) *scope {
	c := *s
	c.sets, c.noSets = nil, construct
	return &c
}

// column finds a reference: name, or table.name, or schema.table.name.
func (s *scope) column(ref ast.QName) (int, error) {
	name, table := ref.Last(), ""
	switch {
	case len(ref) == 2:
		table = ref[0].Text
	case len(ref) == 3 && ref[0].Text == "public":
		table = ref[1].Text
	case len(ref) == 3:
		return 0, fail(codeUndefinedTable, ref.At(), "invalid reference to FROM-clause entry for table %q", ref[1].Text)
	case len(ref) > 3:
		return 0, later(ref.At(), "references across databases are")
	}
	if table != "" && !s.has(table) {
		return 0, s.missingTable(ref, table)
	}
	found := -1
	for i, c := range s.columns {
		if c.name != name.Text || table != "" && c.table != table || table == "" && c.merged {
			continue
		}
		if found >= 0 {
			return 0, fail(codeAmbiguousColumn, ref.At(), "column reference %q is ambiguous", name.Text)
		}
		found = i
	}
	for i, c := range s.columns {
		if found < 0 && table == "" && c.scalar && c.table == name.Text {
			found = i
		}
	}
	if found < 0 {
		return 0, s.missingColumn(ref, table)
	}
	return found, nil
}

func (s *scope) has(table string) bool {
	for _, t := range s.tables {
		if t == table {
			return true
		}
	}
	return false
}

func (s *scope) missingTable(ref ast.QName, table string) error {
	if alias, ok := s.hidden[table]; ok {
		return fail(codeUndefinedTable, ref.At(), "invalid reference to FROM-clause entry for table %q", table).
			hint("Perhaps you meant to reference the table alias %q.", alias)
	}
	e := fail(codeUndefinedTable, ref.At(), "missing FROM-clause entry for table %q", table)
	return e.nearest(table, s.tables)
}

func (s *scope) missingColumn(ref ast.QName, table string) error {
	name, shown := ref.Last().Text, fmt.Sprintf("%q", ref.Last().Text)
	if table != "" {
		shown = table + "." + name
	}
	e := fail(codeUndefinedColumn, ref.At(), "column %s does not exist", shown)
	names := make([]string, len(s.columns))
	for i, c := range s.columns {
		names[i] = c.name
	}
	e.nearest(name, names)
	if e.Hint == "" && (name == logical.WindowStart || name == logical.WindowEnd) {
		return e.hint("Windows come from FROM: FROM TUMBLE(relation, time_column, INTERVAL '10 seconds').")
	}
	for _, c := range s.columns {
		if near := fmt.Sprintf("Perhaps you meant %q.", c.name); near == e.Hint && c.table != "" {
			return e.hint("Perhaps you meant to reference the column %q.", c.table+"."+c.name)
		}
	}
	return e
}

// ref returns a reference to column i, remembering where it stands.
func (b *binder) ref(s *scope, i int, pos ast.Pos) *expr.Node {
	c := s.columns[i]
	n := &expr.Node{Op: expr.OpCol, Type: c.typ, Col: i, Name: c.name}
	b.places[n] = pos
	return n
}
