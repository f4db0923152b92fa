package expr

import (
	"bytes"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// textTable defines functions of texts.
func textTable() table {
	t := table{
		"||": {
			{args: in(txt, txt), ret: txt, row: func(f *frame) { f.setBytes(f.text(0)); f.setBytes(f.text(1)) }},
		},
		"upper": {{args: in(txt), ret: txt, row: func(f *frame) { f.setBytes(bytes.ToUpper(f.text(0))) }}},
	}
	for _, k := range []batch.Kind{boolean_, i2, i4, i8, f4, f8, num, dat, ts, tz, iv} {
		t["||"] = append(t["||"], concatWith(k)...)
	}
	return t
}

// concatWith are text || k and k || text.
func concatWith(k batch.Kind) []overload {
	return []overload{
		{args: in(txt, k), ret: txt, row: func(f *frame) { f.setBytes(f.text(0)); f.buf = appendCastText(f.buf, f, 1, k) }},
		{args: in(k, txt), ret: txt, row: func(f *frame) { f.buf = appendCastText(f.buf, f, 0, k); f.setBytes(f.text(1)) }},
	}
}
