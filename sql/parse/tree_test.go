package parse

import (
	"fmt"
	"reflect"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

var posType = reflect.TypeFor[ast.Pos]()

// difference returns where two trees differ, positions and quotes apart, or "".
func difference(a, b any) string {
	return differ(reflect.ValueOf(a), reflect.ValueOf(b), "")
}

func differ(a, b reflect.Value, path string) string {
	if a.IsValid() != b.IsValid() || a.IsValid() && a.Type() != b.Type() {
		return fmt.Sprintf("%s: %v and %v", path, a, b)
	}
	if !a.IsValid() || a.Type() == posType {
		return ""
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			if a.IsNil() != b.IsNil() {
				return fmt.Sprintf("%s: one is nil", path)
			}
			return ""
		}
		return differ(a.Elem(), b.Elem(), path)
	case reflect.Struct:
		for i := range a.NumField() {
			f := a.Type().Field(i)
			if f.Name == "Quoted" || f.Name == "ValPos" {
				continue
			}
			if d := differ(a.Field(i), b.Field(i), path+"."+f.Name); d != "" {
				return d
			}
		}
	case reflect.Slice:
		if a.Len() != b.Len() {
			return fmt.Sprintf("%s: %d and %d items", path, a.Len(), b.Len())
		}
		for i := range a.Len() {
			if d := differ(a.Index(i), b.Index(i), fmt.Sprintf("%s[%d]", path, i)); d != "" {
				return d
			}
		}
	default:
		if !a.Equal(b) {
			return fmt.Sprintf("%s: %v and %v", path, a, b)
		}
	}
	return ""
}

// roundTrip prints a statement, parses that, and returns what is not the same.
func roundTrip(stmt ast.Statement) string {
	text := stmt.String()
	again, err := ParseOne(text)
	if err != nil {
		return fmt.Sprintf("%q: %v at %d", text, err, err.(*Error).Pos)
	}
	if d := difference(stmt, again); d != "" {
		return fmt.Sprintf("%q: %s", text, d)
	}
	if printed := again.String(); printed != text {
		return fmt.Sprintf("%q printed again is %q", text, printed)
	}
	return ""
}
