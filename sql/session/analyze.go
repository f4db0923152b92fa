package session

import (
	"context"
	"fmt"
	"time"

	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/job"
	"github.com/dirigo-stream/dirigo/sql/ast"
	"github.com/dirigo-stream/dirigo/sql/result"
)

// analyzeSelect runs a SELECT, and gives what its vertices did instead of its
// rows.
func (s *Session) analyzeSelect(n *ast.Explain, x explained) handler {
	h := lines("EXPLAIN", []string{"QUERY PLAN"})
	h.run = func(ctx context.Context, params []result.Param, out result.Sink) (string, error) {
		run, err := s.reading(ctx, x.graph, s.tx.txn)
		if err != nil {
			return "", err
		}
		run.Analyzed = func(m map[int]job.Measured) { x.options.Measured = m }
		rows, begin := int64(0), time.Now()
		err = s.db.cfg.Engine.Run(ctx, run, func(b *batch.Batch) error {
			rows += int64(b.Rows())
			return nil
		})
		if err != nil {
			return "", err
		}
		x.took, x.rows = time.Since(begin), rows
		done, err := x.handler(n)
		if err != nil {
			return "", err
		}
		return done.run(ctx, params, out)
	}
	return h
}

// ran are the lines behind the plan of a SELECT that has run.
func (x explained) ran() []string {
	return []string{fmt.Sprintf("Rows: %d", x.rows), fmt.Sprintf("Execution Time: %.3f ms", float64(x.took.Microseconds())/1000)}
}
