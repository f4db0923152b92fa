package session

import (
	"context"
	"strings"

	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// copyOut handles COPY … TO STDOUT, of a table, a query or a subscription.
func (s *Session) copyOut(st *statement, n *ast.Copy, params []result.Param) (handler, error) {
	switch {
	case n.File != "" || n.Program:
		return handler{}, notSupported(n.Pos, "COPY to a file or a program of the server", `Use COPY ... TO STDOUT, or psql's \copy.`)
	}
	format, err := copyOptions(n.Options)
	if err != nil {
		return handler{}, err
	}
	inner := &statement{s: s, node: n.Query, text: st.text, sql: st.sql, params: st.params}
	if n.Query == nil {
		inner.node = tableQuery(n)
	}
	h, err := inner.prepare(params)
	if err != nil {
		return handler{}, err
	}
	if h.d.Columns == nil {
		return handler{}, located(result.Errorf(result.CodeSyntax, "COPY query must return rows"), n.Pos)
	}
	h.d.Copy = format
	run := h.run
	h.run = func(ctx context.Context, params []result.Param, out result.Sink) (string, error) {
		t, err := run(ctx, params, out)
		return "COPY " + t[strings.LastIndexByte(t, ' ')+1:], err
	}
	return h, nil
}

// tableQuery is the SELECT that COPY relation (columns) stands for.
func tableQuery(n *ast.Copy) *ast.Select {
	core := &ast.SelectCore{Pos: n.Pos, From: []ast.TableExpr{&ast.TableName{Pos: n.Table.At(), Name: n.Table}}}
	for _, c := range n.Columns {
		core.Fields = append(core.Fields, ast.Field{Pos: c.Pos, Expr: &ast.Ident{Pos: c.Pos, Name: ast.QName{c}}})
	}
	if len(n.Columns) == 0 {
		core.Fields = []ast.Field{{Pos: n.Pos, Expr: &ast.Star{Pos: n.Pos}}}
	}
	return &ast.Select{Pos: n.Pos, Body: core}
}

func copyOptions(options ast.Options) (result.Copy, error) {
	c := result.Copy{Format: result.CopyText, Delimiter: '\t', Null: `\N`, Quote: '"'}
	if opt := options.Lookup("format"); opt != nil {
		switch strings.ToLower(opt.Value) {
		case "text":
		case "csv":
			c.Format, c.Delimiter, c.Null = result.CopyCSV, ',', ""
		case "binary":
			c.Format = result.CopyBinary
		default:
			return c, located(result.Errorf(result.CodeInvalidValue, "COPY format %q not recognized", opt.Value), opt.ValPos)
		}
	}
	for _, opt := range options {
		var err error
		switch strings.ToLower(opt.Name) {
		case "format", "encoding", "escape":
		case "null":
			c.Null = opt.Value
		case "header":
			if strings.EqualFold(opt.Value, "match") {
				c.Header = true
				break
			}
			c.Header, err = flag(options, "header", false)
		case "delimiter":
			c.Delimiter, err = oneByte(opt)
		case "quote":
			c.Quote, err = oneByte(opt)
		default:
			err = located(result.Errorf(result.CodeSyntax, "option %q not recognized", opt.Name), opt.Pos)
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

func oneByte(opt ast.Option) (byte, error) {
	if len(opt.Value) != 1 || strings.ContainsAny(opt.Value, "\r\n\\") {
		return 0, located(result.Errorf(result.CodeUnsupported, "COPY %s must be a single one-byte character", opt.Name), opt.ValPos)
	}
	return opt.Value[0], nil
}
