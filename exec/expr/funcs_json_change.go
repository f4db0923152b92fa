package expr

import (
	"bytes"
	"strconv"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// jsonChangeTable defines what makes a JSONB value of another.
func jsonChangeTable() table {
	change := func(args []batch.Kind, fn func(f *frame, b *batch.JSONBuilder) *Error) overload {
		return overload{args: args, ret: jsn, spec: func(*Node) rowFunc {
			var b batch.JSONBuilder
			return func(f *frame) {
				b.Reset()
				if err := fn(f, &b); err != nil {
					f.fail(err)
					return
				}
				f.buf = b.Append(f.buf)
			}
		}}
	}
	return table{
		"||": {change(in(jsn, jsn), concatJSON)},
		"-": {
			change(in(jsn, txt), func(f *frame, b *batch.JSONBuilder) *Error {
				return without(b, f.json(0), func(key []byte) bool { return bytes.Equal(key, f.text(1)) })
			}),
			change(in(jsn, i4), withoutElem),
			change(in(jsn, texts_), func(f *frame, b *batch.JSONBuilder) *Error {
				return without(b, f.json(0), func(key []byte) bool { return inTexts(f.text(1), key) })
			}),
		},
		"#-": {change(in(jsn, texts_), func(f *frame, b *batch.JSONBuilder) *Error {
			return changeAt(f, b, "delete path in scalar", pathChange{remove: true})
		})},
		"jsonb_set": {
			change(in(jsn, texts_, jsn), func(f *frame, b *batch.JSONBuilder) *Error {
				return changeAt(f, b, "set path in scalar", pathChange{value: f.json(2), create: true})
			}),
			change(in(jsn, texts_, jsn, boolean_), func(f *frame, b *batch.JSONBuilder) *Error {
				return changeAt(f, b, "set path in scalar", pathChange{value: f.json(2), create: f.bool(3)})
			}),
		},
		"jsonb_insert": {
			change(in(jsn, texts_, jsn), func(f *frame, b *batch.JSONBuilder) *Error {
				return changeAt(f, b, "set path in scalar", pathChange{value: f.json(2), create: true, insert: true})
			}),
			change(in(jsn, texts_, jsn, boolean_), func(f *frame, b *batch.JSONBuilder) *Error {
				return changeAt(f, b, "set path in scalar", pathChange{value: f.json(2), create: true, insert: true, after: f.bool(3)})
			}),
		},
		"jsonb_strip_nulls": {change(in(jsn), func(f *frame, b *batch.JSONBuilder) *Error {
			stripNulls(b, f.json(0))
			return nil
		})},
	}
}

func inTexts(array, key []byte) bool {
	for it := batch.Elems(array, batch.Text); ; {
		e, ok := it.Next()
		if !ok {
			return false
		}
		if !e.Null && bytes.Equal(e.Text(), key) {
			return true
		}
	}
}

// addMembers adds what is in a container, or a scalar itself.
func addMembers(b *batch.JSONBuilder, j batch.JSON) {
	if j.Kind() < batch.JSONArray {
		b.Raw(j)
		return
	}
	object := j.Kind() == batch.JSONObject
	for it := j.Iter(); ; {
		key, v, ok := it.Next()
		if !ok {
			return
		}
		if object {
			b.Key(key)
		}
		b.Raw(v)
	}
}

// concatJSON joins objects, the second's members winning, or arrays, for one of
// which anything else stands as its only element.
func concatJSON(f *frame, b *batch.JSONBuilder) *Error {
	l, r := f.json(0), f.json(1)
	lo, ro := l.Kind() == batch.JSONObject, r.Kind() == batch.JSONObject
	b.Begin(lo && ro)
	for _, j := range []batch.JSON{l, r} {
		if j.Kind() == batch.JSONObject && !(lo && ro) {
			b.Raw(j)
		} else {
			addMembers(b, j)
		}
	}
	b.End()
	return nil
}

// without leaves out the members whose keys, or the elements whose texts, drop
// says.
func without(b *batch.JSONBuilder, j batch.JSON, drop func(key []byte) bool) *Error {
	k := j.Kind()
	if k < batch.JSONArray {
		return errorf("22023", "cannot delete from scalar")
	}
	b.Begin(k == batch.JSONObject)
	for it := j.Iter(); ; {
		key, v, ok := it.Next()
		if !ok {
			break
		}
		if k == batch.JSONObject {
			if drop(key) {
				continue
			}
			b.Key(key)
		} else if v.Kind() == batch.JSONString && drop(v.Str()) {
			continue
		}
		b.Raw(v)
	}
	b.End()
	return nil
}

func withoutElem(f *frame, b *batch.JSONBuilder) *Error {
	j, i := f.json(0), int(f.int(1))
	switch k := j.Kind(); {
	case k == batch.JSONObject:
		return errorf("22023", "cannot delete from object using integer index")
	case k != batch.JSONArray:
		return errorf("22023", "cannot delete from scalar")
	}
	if i < 0 {
		i += j.Len()
	}
	b.Begin(false)
	for it, at := j.Iter(), 0; ; at++ {
		_, v, ok := it.Next()
		if !ok {
			break
		}
		if at != i {
			b.Raw(v)
		}
	}
	b.End()
	return nil
}

func stripNulls(b *batch.JSONBuilder, j batch.JSON) {
	k := j.Kind()
	if k < batch.JSONArray {
		b.Raw(j)
		return
	}
	b.Begin(k == batch.JSONObject)
	for it := j.Iter(); ; {
		key, v, ok := it.Next()
		if !ok {
			break
		}
		if k == batch.JSONObject {
			if v.Kind() == batch.JSONNull {
				continue
			}
			b.Key(key)
		}
		stripNulls(b, v)
	}
	b.End()
}

// pathChange is what to do at the end of a path.
type pathChange struct {
	path   [][]byte
	value  batch.JSON
	remove bool
	create bool // what is not there yet
	insert bool // beside what is there, and not in its place
	after  bool
}

func changeAt(f *frame, b *batch.JSONBuilder, what string, c pathChange) *Error {
	j := f.json(0)
	if j.Kind() < batch.JSONArray {
		return errorf("22023", "cannot %s", what)
	}
	for it := batch.Elems(f.text(1), batch.Text); ; {
		e, ok := it.Next()
		if !ok {
			break
		}
		if e.Null {
			if j.Len() == 0 && !c.create {
				break
			}
			return errorf("22004", "path element at position %d is null", len(c.path)+1)
		}
		c.path = append(c.path, e.Text())
	}
	if len(c.path) == 0 || j.Len() == 0 && !c.create {
		b.Raw(j)
		return nil
	}
	return c.walk(b, j, 0)
}

// walk copies j, and changes what path[level] names in it.
func (c *pathChange) walk(b *batch.JSONBuilder, j batch.JSON, level int) *Error {
	switch j.Kind() {
	case batch.JSONObject:
		return c.object(b, j, level)
	case batch.JSONArray:
		return c.array(b, j, level)
	}
	b.Raw(j)
	return nil
}

func (c *pathChange) object(b *batch.JSONBuilder, j batch.JSON, level int) *Error {
	name, last := c.path[level], level == len(c.path)-1
	found := false
	b.Begin(true)
	for it := j.Iter(); ; {
		key, v, ok := it.Next()
		if !ok {
			break
		}
		if !bytes.Equal(key, name) {
			b.Key(key)
			b.Raw(v)
			continue
		}
		found = true
		switch {
		case last && c.remove:
			continue
		case last && c.insert:
			return &Error{Code: "22023", Message: "cannot replace existing key", Hint: "Try using the function jsonb_set to replace key value."}
		}
		b.Key(key)
		if last {
			b.Raw(c.value)
		} else if err := c.walk(b, v, level+1); err != nil {
			return err
		}
	}
	if last && !found && c.create && !c.remove {
		b.Key(name)
		b.Raw(c.value)
	}
	b.End()
	return nil
}

func (c *pathChange) array(b *batch.JSONBuilder, j batch.JSON, level int) *Error {
	last := level == len(c.path)-1
	i, err := strconv.ParseInt(string(bytes.TrimLeft(c.path[level], " \t\n\r\v\f")), 10, 32)
	if err != nil {
		return errorf("22P02", "path element at position %d is not an integer: \"%s\"", level+1, c.path[level])
	}
	n := int64(j.Len())
	before := false
	if i < 0 {
		before, i = -i > n, i+n
	}
	i = min(i, n)
	adds := last && c.create && !c.remove
	b.Begin(false)
	if adds && (before || n == 0) {
		b.Raw(c.value)
	}
	for it, at := j.Iter(), int64(0); at < n; at++ {
		_, v, _ := it.Next()
		if at != i || before {
			b.Raw(v)
			continue
		}
		if err := c.elem(b, v, last, level); err != nil {
			return err
		}
	}
	if adds && i == n && n > 0 {
		b.Raw(c.value)
	}
	b.End()
	return nil
}

// elem changes the element that the path names.
func (c *pathChange) elem(b *batch.JSONBuilder, v batch.JSON, last bool, level int) *Error {
	switch {
	case !last:
		return c.walk(b, v, level+1)
	case c.remove:
	case c.insert && c.after:
		b.Raw(v)
		b.Raw(c.value)
	case c.insert:
		b.Raw(c.value)
		b.Raw(v)
	default:
		b.Raw(c.value)
	}
	return nil
}
