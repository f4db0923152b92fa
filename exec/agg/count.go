package agg

import "github.com/dirigo-stream/dirigo/exec/batch"

// count counts rows; one word.
type count struct{ at int }

func (k count) push(c *chunk, _ batch.Column, pos []int32) {
	words, at := c.words, k.at
	if c.diff == nil {
		for _, i := range pos {
			words[i][at]++
		}
		return
	}
	for _, i := range pos {
		words[i][at] += c.diff[i]
	}
}

func (k count) merge(dst, src *rowset) {
	for i, s := range src.words {
		dst.words[i][k.at] += s[k.at]
	}
}

func (k count) empty(rows *rowset, i int) bool { return rows.words[i][k.at] == 0 }

func (k count) result(out batch.Column, rows *rowset) error {
	v := out.(*batch.Vec[int64])
	for _, w := range rows.words {
		v.Append(w[k.at])
	}
	return nil
}
