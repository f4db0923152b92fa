package join

import (
	"github.com/dirigo-stream/dirigo/exec/batch"
	"github.com/dirigo-stream/dirigo/exec/state"
)

// facts is what NOT IN must know of all right rows together.
type facts struct{}

var factsLayout = state.Layout{Accs: []state.Acc{state.Word, state.Word}}

func newFacts() *facts { return &facts{} }

func (f *facts) passes(s *side, w []int64, n int64) int64 { return n }

func (f *facts) null(b *batch.Batch, rows []int32) {}

func (j *Joiner) turnFacts() (more bool, err error) { return false, nil }
