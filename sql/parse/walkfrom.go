package parse

import (
	tidb "github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// fromItems appends the items of tidb's join tree: a join without ON is the
// comma, since every JOIN is spelled with one.
func (s *spelling) fromItems(n tidb.ResultSetNode, list []ast.TableExpr) []ast.TableExpr {
	if j, ok := n.(*tidb.Join); ok && !j.ExplicitParens && j.On == nil && !j.NaturalJoin && !j.StraightJoin && j.Using == nil {
		if j.Right == nil {
			return s.fromItems(j.Left, list)
		}
		list = s.fromItems(j.Left, list)
		return s.fromItems(j.Right, list)
	}
	if t := s.tableExpr(n); t != nil {
		list = append(list, t)
	}
	return list
}

// tableExpr returns an item of FROM; nil where the spelling has no relation.
func (s *spelling) tableExpr(n tidb.ResultSetNode) ast.TableExpr {
	switch n := n.(type) {
	case *tidb.Join:
		return s.joinTree(n)
	case *tidb.TableSource:
		name, ok := n.Source.(*tidb.TableName)
		if !ok || len(name.IndexHints)+len(name.PartitionNames) > 0 || n.AsName.O != "" || name.TableSample != nil {
			break
		}
		if m := s.markOf(name.Name.O); m != nil {
			return m.table
		}
	}
	s.foreign()
	return nil
}

func (s *spelling) joinTree(n *tidb.Join) ast.TableExpr {
	if n.On == nil && n.Right == nil {
		return s.tableExpr(n.Left)
	}
	if n.On == nil || n.StraightJoin || n.NaturalJoin || n.Using != nil {
		s.foreign()
		return nil
	}
	var m *mark
	switch on := n.On.Expr.(type) {
	case *tidb.ColumnNameExpr:
		m = s.markOf(on.Name.Name.O)
	case *tidb.FuncCallExpr:
		m = s.markOf(on.FnName.O)
	}
	if m == nil || m.join == nil {
		s.foreign()
		return nil
	}
	m.join.Left, m.join.Right = s.tableExpr(n.Left), s.tableExpr(n.Right)
	s.walk(n.On.Expr)
	return m.join
}
