package session

import (
	"context"
	"fmt"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/catalog"
	"github.com/dirigo-stream/dirigo/sql/parse"
	"github.com/dirigo-stream/dirigo/sql/result"
	"github.com/dirigo-stream/dirigo/sql/system"
)

// shows are what SHOW lists, as queries over the system's relations.
var shows = map[ast.ShowKind]string{
	ast.ShowStreams: `SELECT name, kind, connector, state, decoded AS records, malformed, watermark, partitions, error
		FROM dirigo_streams ORDER BY name`,
	ast.ShowSources: `SELECT name, connector, state, decoded AS records, malformed, watermark, partitions, error
		FROM dirigo_streams WHERE kind = 'stream' ORDER BY name`,
	ast.ShowSinks: `SELECT s.name, s.connector, q.state, q.rows_out AS rows, q.slo, q.attained, q.reason
		FROM dirigo_streams s LEFT JOIN dirigo_queries q ON q.id = s.id WHERE s.kind = 'derived stream' ORDER BY 1`,
	ast.ShowViews: `SELECT name, state, slo, attained, rows_in, rows_out, rejected, watermark, reason
		FROM dirigo_queries WHERE kind = 'materialized view' ORDER BY name`,
	ast.ShowTables: `SELECT c.relname AS name, CASE WHEN c.relkind = 'm' THEN 'materialized view' WHEN s.id IS NULL THEN 'table' ELSE 'stream' END AS kind
		FROM pg_class c LEFT JOIN dirigo_streams s ON s.name = c.relname WHERE c.relnamespace = 2200 AND c.relkind <> 'i' ORDER BY 1`,
	ast.ShowQueries: `SELECT name, kind, state, slo, attained, rows_in, rows_out, rejected, watermark, lends, state_bytes, reason
		FROM dirigo_queries ORDER BY name`,
	ast.ShowJobs: `SELECT q.name, v.vertex, v.messages, v.rows, v.busy, v.waited, v.lends, v.merges, v.state_bytes
		FROM dirigo_queries q JOIN dirigo_vertices v ON v.query = q.name ORDER BY 1, 2`,
	ast.ShowAll: `SELECT name, setting, short_desc AS description FROM pg_settings`,
}

func (s *Session) show(n *ast.Show) (handler, error) {
	switch n.What {
	case ast.ShowSetting:
		return s.showSetting(n)
	case ast.ShowCreate:
		return s.showCreate(n)
	}
	node, err := parse.ParseOne(shows[n.What])
	if err != nil {
		return handler{}, fmt.Errorf("show: %w", err)
	}
	h, err := s.systemQuery(&statement{s: s, node: node}, node.(*ast.Select))
	return retagged(h, "SHOW"), err
}

// retagged makes a handler's tag a word alone.
func retagged(h handler, word string) handler {
	run := h.run
	h.run = func(ctx context.Context, params []result.Param, out result.Sink) (string, error) {
		if _, err := run(ctx, params, out); err != nil {
			return "", err
		}
		return word, nil
	}
	return h
}

func (s *Session) showSetting(n *ast.Show) (handler, error) {
	value, ok := s.settings.Setting(n.Setting)
	if !ok {
		return handler{}, located(unknownSetting(n.Setting).(*result.Error), n.Pos)
	}
	name := n.Setting
	if k, ok := known[name]; ok {
		name = k.name
	}
	return lines("SHOW", []string{name}, []any{value}), nil
}

func (s *Session) showCreate(n *ast.Show) (handler, error) {
	o, err := s.object(n.Name, n.Kind)
	if err != nil {
		return handler{}, err
	}
	return lines("SHOW", []string{"name", "create_statement"}, []any{o.Name, withoutSecrets(o.SQL) + ";"}), nil
}

// lines is a handler of rows of texts; nil is NULL.
func lines(word string, names []string, rows ...[]any) handler {
	var h handler
	for _, name := range names {
		h.d.Columns = append(h.d.Columns, result.Column{Name: name, Type: batch.T(batch.Text)})
	}
	h.run = func(_ context.Context, _ []result.Param, out result.Sink) (string, error) {
		b := &batch.Batch{N: len(rows), Time: batch.MaxTime}
		for i := range names {
			vec := &batch.TextVec{}
			for _, row := range rows {
				if text, ok := row[i].(string); ok {
					vec.AppendString(text)
				} else {
					vec.AppendNull()
				}
			}
			b.Cols = append(b.Cols, vec)
		}
		return word, out.Rows(b)
	}
	return h
}

// describe handles DESCRIBE: the columns, and what a column list does not say.
func (s *Session) describe(n *ast.Describe) (handler, error) {
	names := []string{"column", "type", "nullable", "description"}
	if cols := system.Columns(n.Name); cols != nil {
		if _, err := s.db.cfg.Catalog.Lookup(texts(n.Name)...); err != nil {
			var rows [][]any
			for _, c := range cols {
				rows = append(rows, []any{c.Name, c.Type.String(), "yes", nil})
			}
			return lines("DESCRIBE", names, rows...), nil
		}
	}
	o, err := s.object(n.Name, n.Kind)
	if err != nil {
		return handler{}, err
	}
	var rows [][]any
	for i, c := range o.Columns {
		nullable := "yes"
		if c.NotNull {
			nullable = "no"
		}
		rows = append(rows, []any{c.Name, c.Type.String(), nullable, about(o, i)})
	}
	return lines("DESCRIBE", names, rows...), nil
}

// about says of a column how its values come about.
func about(o *catalog.Object, i int) any {
	text, _ := system.ColumnComment(o, i).(string)
	if d := o.Columns[i].Default; d != "" {
		if text != "" {
			text = ", " + text
		}
		text = "default " + d + text
	}
	if g := o.Columns[i].Generated; g != "" {
		if text != "" {
			text = ", " + text
		}
		text = "AS " + g + text
	}
	if text == "" {
		return nil
	}
	return text
}
