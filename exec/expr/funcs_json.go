package expr

import (
	"bytes"
	"strconv"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// jsonTable defines the operators and functions of JSONB.
func jsonTable() table {
	return extend(table{
		"->": {
			{args: in(jsn, txt), ret: jsn, row: func(f *frame) { setJSON(f, fieldOfJSON) }},
			{args: in(jsn, i4), ret: jsn, row: func(f *frame) { setJSON(f, elemOfJSON) }},
		},
		"->>": {
			{args: in(jsn, txt), ret: txt, row: func(f *frame) { setJSONText(f, fieldOfJSON) }},
			{args: in(jsn, i4), ret: txt, row: func(f *frame) { setJSONText(f, elemOfJSON) }},
		},
		"#>":  {{args: in(jsn, texts_), ret: jsn, row: func(f *frame) { setJSON(f, atPath) }}},
		"#>>": {{args: in(jsn, texts_), ret: txt, row: func(f *frame) { setJSONText(f, atPath) }}},
		"@>":  {{args: in(jsn, jsn), ret: boolean_, row: func(f *frame) { f.setBool(contains(f.json(0), f.json(1))) }}},
		"<@":  {{args: in(jsn, jsn), ret: boolean_, row: func(f *frame) { f.setBool(contains(f.json(1), f.json(0))) }}},
		"?":   {{args: in(jsn, txt), ret: boolean_, row: func(f *frame) { f.setBool(hasKey(f.json(0), f.text(1))) }}},
		"?|":  {{args: in(jsn, texts_), ret: boolean_, row: func(f *frame) { f.setBool(hasKeys(f, true)) }}},
		"?&":  {{args: in(jsn, texts_), ret: boolean_, row: func(f *frame) { f.setBool(!hasKeys(f, false)) }}},

		"jsonb_extract_path":      {{args: in(jsn, txt), ret: jsn, variadic: true, row: func(f *frame) { setJSON(f, atArgs) }}},
		"jsonb_extract_path_text": {{args: in(jsn, txt), ret: txt, variadic: true, row: func(f *frame) { setJSONText(f, atArgs) }}},
		"jsonb_typeof":            {{args: in(jsn), ret: txt, row: func(f *frame) { f.setText(f.json(0).Kind().String()) }}},
		"jsonb_array_length":      {{args: in(jsn), ret: i4, row: jsonArrayLength}},
		"jsonb_pretty":            {{args: in(jsn), ret: txt, row: func(f *frame) { f.buf = f.json(0).AppendPretty(f.buf, 0) }}},
	}, jsonChangeTable(), jsonBuildTable())
}

func (f *frame) json(i int) batch.JSON { return batch.JSONOf(f.text(i)) }

type jsonFind func(f *frame) (batch.JSON, bool)

func setJSON(f *frame, find jsonFind) {
	if v, ok := find(f); ok {
		f.buf = v.Append(f.buf)
	} else {
		f.setNull()
	}
}

// setJSONText sets the text of a value: of a null there is none.
func setJSONText(f *frame, find jsonFind) {
	v, ok := find(f)
	if !ok || v.Kind() == batch.JSONNull {
		f.setNull()
		return
	}
	f.buf = v.AppendPlain(f.buf)
}

func fieldOfJSON(f *frame) (batch.JSON, bool) { return f.json(0).Field(f.text(1)) }

// elemOfJSON takes a scalar for an array of one element, as PostgreSQL does.
func elemOfJSON(f *frame) (batch.JSON, bool) {
	j, i := f.json(0), f.int(1)
	if j.Kind() < batch.JSONArray {
		return j, i == 0 || i == -1
	}
	return j.Elem(int(i))
}

// step follows one element of a path.
func step(j batch.JSON, key []byte) (batch.JSON, bool) {
	switch j.Kind() {
	case batch.JSONObject:
		return j.Field(key)
	case batch.JSONArray:
		i, err := strconv.ParseInt(string(bytes.TrimLeft(key, " \t\n\r\v\f")), 10, 32)
		if err != nil {
			return batch.JSON{}, false
		}
		return j.Elem(int(i))
	}
	return batch.JSON{}, false
}

func atPath(f *frame) (batch.JSON, bool) {
	j := f.json(0)
	for it := batch.Elems(f.text(1), batch.Text); ; {
		e, more := it.Next()
		if !more {
			return j, true
		}
		ok := !e.Null
		if ok {
			j, ok = step(j, e.Text())
		}
		if !ok {
			return batch.JSON{}, false
		}
	}
}

func atArgs(f *frame) (j batch.JSON, ok bool) {
	j, ok = f.json(0), true
	for i := 1; i < len(f.in) && ok; i++ {
		j, ok = step(j, f.text(i))
	}
	return j, ok
}

func jsonArrayLength(f *frame) {
	switch j := f.json(0); j.Kind() {
	case batch.JSONArray:
		f.setInt(int64(j.Len()))
	case batch.JSONObject:
		f.fail(errorf("22023", "cannot get array length of a non-array"))
	default:
		f.fail(errorf("22023", "cannot get array length of a scalar"))
	}
}

// hasKey tells whether key is a key of an object, an element of an array, or the
// string itself.
func hasKey(j batch.JSON, key []byte) bool {
	switch j.Kind() {
	case batch.JSONObject:
		_, ok := j.Field(key)
		return ok
	case batch.JSONString:
		return bytes.Equal(j.Str(), key)
	}
	for it := j.Iter(); ; {
		_, e, ok := it.Next()
		if !ok {
			return false
		}
		if e.Kind() == batch.JSONString && bytes.Equal(e.Str(), key) {
			return true
		}
	}
}

// hasKeys tells whether one of the keys that are not NULL is there, or is not.
func hasKeys(f *frame, there bool) bool {
	j := f.json(0)
	for it := batch.Elems(f.text(1), batch.Text); ; {
		e, ok := it.Next()
		if !ok {
			return false
		}
		if !e.Null && hasKey(j, e.Text()) == there {
			return true
		}
	}
}

// contains is @>: an array contains a scalar that is an element of it, at the
// top alone.
func contains(a, b batch.JSON) bool {
	if a.Kind() == batch.JSONArray && b.Kind() < batch.JSONArray {
		return hasElem(a, b)
	}
	return within(a, b)
}

func within(a, b batch.JSON) bool {
	k := a.Kind()
	switch {
	case k != b.Kind():
		return false
	case k < batch.JSONArray:
		return batch.EqualJSON(a, b)
	case k == batch.JSONObject && a.Len() < b.Len():
		return false
	}
	for it := b.Iter(); ; {
		key, want, ok := it.Next()
		if !ok {
			return true
		}
		if k == batch.JSONArray {
			ok = hasElem(a, want)
		} else {
			var have batch.JSON
			if have, ok = a.Field(key); ok {
				ok = within(have, want)
			}
		}
		if !ok {
			return false
		}
	}
}

func hasElem(a, want batch.JSON) bool {
	for it := a.Iter(); ; {
		_, have, ok := it.Next()
		if !ok {
			return false
		}
		if within(have, want) {
			return true
		}
	}
}

// newCastJSON converts a JSON number or boolean; numbers by way of NUMERIC.
func newCastJSON(n *Node, arg evaluator, fresh bool) evaluator {
	to := n.Type
	if to.Kind == batch.Bool {
		return newRowEval(n, []evaluator{arg}, jsonValue(to, batch.JSONBool, func(f *frame, j batch.JSON) { f.setBool(j.Bool()) }), false, fresh)
	}
	last := to == batch.T(batch.Numeric)
	number := newRowEval(&Node{Type: batch.T(batch.Numeric)}, []evaluator{arg},
		jsonValue(to, batch.JSONNumber, func(f *frame, j batch.JSON) { f.setDec(j.Number()) }), false, fresh && last)
	if last {
		return number
	}
	return newRowEval(n, []evaluator{number}, castNumber(batch.Numeric, to), false, fresh)
}

func jsonValue(to batch.Type, want batch.JSONKind, set func(f *frame, j batch.JSON)) rowFunc {
	return func(f *frame) {
		j := f.json(0)
		if k := j.Kind(); k != want {
			name := k.String()
			if k == batch.JSONNumber {
				name = "numeric"
			}
			f.fail(errorf("22023", "cannot cast jsonb %s to type %s", name, batch.T(to.Kind)))
			return
		}
		set(f, j)
	}
}
