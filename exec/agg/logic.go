package agg

import "github.com/dirigo-stream/dirigo/exec/batch"

// logic is bool_and (every) or bool_or: two words, how many values are true and
// how many false.
type logic struct {
	at  int
	any bool // bool_or
}

func (k logic) push(c *chunk, col batch.Column, pos []int32) {
	data := col.(*batch.Vec[bool]).Data
	for _, i := range pos {
		n, at := int64(1), k.at
		if c.diff != nil {
			n = c.diff[i]
		}
		if !data[c.rows[i]] {
			at++
		}
		c.words[i][at] += n
	}
}

func (k logic) merge(dst, src *rowset) {
	for i, s := range src.words {
		dst.words[i][k.at] += s[k.at]
		dst.words[i][k.at+1] += s[k.at+1]
	}
}

func (k logic) empty(rows *rowset, i int) bool { return zero(rows.words[i][k.at : k.at+2]) }

func (k logic) result(out batch.Column, rows *rowset) error {
	v := out.(*batch.Vec[bool])
	for _, w := range rows.words {
		yes, no := w[k.at] > 0, w[k.at+1] > 0
		switch {
		case !yes && !no:
			v.AppendNull()
		case k.any:
			v.Append(yes)
		default:
			v.Append(!no)
		}
	}
	return nil
}
