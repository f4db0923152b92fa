package scripts

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// wire is a client's connection.
type wire struct {
	conn    *pgx.Conn
	notices []string
}

func connect(ctx context.Context, addr string) (*wire, error) {
	w := &wire{}
	cfg, err := pgx.ParseConfig("postgres://test@" + addr + "/dirigo?sslmode=disable")
	if err != nil {
		return nil, err
	}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		w.notices = append(w.notices, fmt.Sprintf("%s: %s", n.Severity, n.Message))
	}
	if w.conn, err = pgx.ConnectConfig(ctx, cfg); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *wire) close() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = w.conn.Close(ctx)
}

// simple runs SQL by the simple protocol and returns its rows.
func (w *wire) simple(ctx context.Context, sql string) ([]string, error) {
	results, err := w.conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	var rows []string
	for _, r := range results {
		if r.Err != nil {
			return nil, r.Err
		}
		rows = append(rows, textRows(r.Rows)...)
	}
	return rows, nil
}

// extended runs one statement by the extended protocol, in text.
func (w *wire) extended(ctx context.Context, sql string) ([]string, error) {
	r := w.conn.PgConn().ExecParams(ctx, strings.TrimSuffix(strings.TrimSpace(sql), ";"), nil, nil, nil, nil).Read()
	return textRows(r.Rows), r.Err
}

// statement runs SQL for its tags and notices.
func (w *wire) statement(ctx context.Context, sql string) ([]string, error) {
	w.notices = nil
	results, err := w.conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	out := w.notices
	for _, r := range results {
		if r.Err != nil {
			return nil, r.Err
		}
		out = append(out, r.CommandTag.String())
	}
	return out, nil
}

func textRows(rows [][][]byte) []string {
	var out []string
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = cell(c)
		}
		out = append(out, strings.Join(cells, "|"))
	}
	return out
}

func cell(c []byte) string {
	switch {
	case c == nil:
		return "NULL"
	case len(c) == 0:
		return "''"
	}
	return strings.ReplaceAll(string(c), "\n", `\n`)
}

// binary runs a query in the binary format and prints what pgx makes of the
// values: type names, then text.
func (w *wire) binary(ctx context.Context, sql string) ([]string, error) {
	formats := pgx.QueryResultFormats{pgx.BinaryFormatCode}
	rows, err := w.conn.Query(ctx, sql, formats)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	types := w.conn.TypeMap()
	var out []string
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return nil, err
		}
		cells := make([]string, len(values))
		for i, v := range values {
			if v == nil {
				cells[i] = "NULL"
				continue
			}
			field := rows.FieldDescriptions()[i]
			if field.Format != pgtype.BinaryFormatCode {
				return nil, fmt.Errorf("column %s comes in format %d", field.Name, field.Format)
			}
			printed, err := types.Encode(field.DataTypeOID, pgtype.TextFormatCode, v, []byte{})
			if err != nil {
				return nil, err
			}
			name := fmt.Sprint(field.DataTypeOID)
			if t, ok := types.TypeForOID(field.DataTypeOID); ok {
				name = t.Name
			}
			cells[i] = name + ":" + cell(printed)
		}
		out = append(out, strings.Join(cells, "|"))
	}
	return out, rows.Err()
}

// errorLines shows an error as a script expects it.
func errorLines(e *pgconn.PgError, sql string) []string {
	line := e.Message
	if e.Position > 0 {
		before := string([]rune(sql)[:min(int(e.Position)-1, len([]rune(sql)))])
		column := len([]rune(before[strings.LastIndex(before, "\n")+1:])) + 1
		line = fmt.Sprintf("%d:%d: %s", strings.Count(before, "\n")+1, column, line)
	}
	out := strings.Split(line, "\n")
	if e.Detail != "" {
		out = append(out, "DETAIL: "+strings.ReplaceAll(e.Detail, "\n", `\n`))
	}
	if e.Hint != "" {
		out = append(out, "HINT: "+e.Hint)
	}
	return out
}

// psql runs psql with SQL and returns what it printed, without empty lines.
func psql(addr, sql string) ([]string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("psql", "-X", "-h", host, "-p", port, "-U", "test", "-d", "dirigo", "-v", "VERBOSITY=default")
	cmd.Env = append(os.Environ(), "PAGER=", "LC_ALL=C", "PGCLIENTENCODING=UTF8")
	cmd.Stdin = strings.NewReader(sql + "\n")
	out, err := cmd.CombinedOutput()
	if err != nil && len(out) == 0 {
		return nil, fmt.Errorf("psql: %w", err)
	}
	var lines []string
	for line := range strings.SplitSeq(string(out), "\n") {
		if line = strings.TrimRight(line, " "); line != "" {
			lines = append(lines, line)
		}
	}
	return lines, nil
}
