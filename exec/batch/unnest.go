package batch

// What set-returning functions do with one value: each appends rows to columns
// made by New, and returns how many.

// AppendElems appends the elements of an array, of the kind elem, to a column of
// that kind: unnest(array).
func AppendElems(c Column, array []byte, elem Kind) (rows int) {
	for it := Elems(array, elem); ; rows++ {
		e, ok := it.Next()
		if !ok {
			return rows
		}
		e.AppendTo(c)
	}
}

// AppendJSONElems appends the elements of a JSONB array to a column of JSONB, or
// of texts with asText: jsonb_array_elements and jsonb_array_elements_text. An
// error is a *ValueError with 22023: the value is no array.
func AppendJSONElems(c *TextVec, v []byte, asText bool) (rows int, err error) {
	j := JSONOf(v)
	switch j.Kind() {
	case JSONArray:
	case JSONObject:
		return 0, &ValueError{Code: "22023", Message: "cannot extract elements from an object"}
	default:
		return 0, &ValueError{Code: "22023", Message: "cannot extract elements from a scalar"}
	}
	for it := j.Iter(); ; rows++ {
		_, e, ok := it.Next()
		if !ok {
			return rows, nil
		}
		appendJSONTo(c, e, asText)
	}
}

// AppendJSONMembers appends the keys of a JSONB object to keys and the values to
// values (nil: not wanted), as JSONB or as texts: jsonb_each, jsonb_each_text and
// jsonb_object_keys. An error is a *ValueError with 22023: it is no object.
func AppendJSONMembers(keys, values *TextVec, v []byte, asText bool) (rows int, err error) {
	j := JSONOf(v)
	switch j.Kind() {
	case JSONObject:
	case JSONArray:
		return 0, &ValueError{Code: "22023", Message: "cannot call jsonb_each on an array"}
	default:
		return 0, &ValueError{Code: "22023", Message: "cannot call jsonb_each on a scalar"}
	}
	for it := j.Iter(); ; rows++ {
		k, e, ok := it.Next()
		if !ok {
			return rows, nil
		}
		keys.Append(k)
		if values != nil {
			appendJSONTo(values, e, asText)
		}
	}
}

func appendJSONTo(c *TextVec, e JSON, asText bool) {
	switch {
	case !asText:
		c.Data = e.Append(c.Data)
	case e.Kind() == JSONNull:
		c.AppendNull()
		return
	default:
		c.Data = e.AppendPlain(c.Data)
	}
	c.end(false)
}
