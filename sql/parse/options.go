package parse

import "github.com/dirigo-stream/dirigo/sql/ast"

// withOptions reads WITH (name = value, …), if it comes next.
func (r *reader) withOptions() ast.Options {
	if !r.isWord("with") || !r.following().punct("(") {
		return nil
	}
	r.p++
	return r.options(true)
}

// options reads (name = value, …); loose lists, as of COPY, have no = and may
// leave the value out, which means true.
func (r *reader) options(strict bool) ast.Options {
	var list ast.Options
	r.inParens(func() {
		at := r.p
		o := ast.Option{Pos: r.pos(), Name: r.optionName(), ValPos: ast.NoPos}
		if list.Lookup(o.Name) != nil {
			r.failAt(at, CodeSyntax, "conflicting or redundant options")
			r.hint("option \"" + o.Name + "\" is given twice")
			return
		}
		switch {
		case r.takeOp("="), !strict && !r.peek().punct(",") && !r.peek().punct(")"):
			r.optionValue(&o)
		case strict:
			r.syntax()
		default:
			o.Value, o.Kind, o.Word = "true", ast.BoolLit, true
		}
		list = append(list, o)
	})
	return list
}

// optionName reads a.b.c or 'a.b.c'; case does not matter.
func (r *reader) optionName() string {
	if t := r.peek(); t.kind == tString && t.text != "" {
		r.p++
		return fold(t.text)
	}
	name := r.label().Text
	for r.takePunct(".") {
		name += "." + r.label().Text
	}
	return fold(name)
}

func (r *reader) optionValue(o *ast.Option) {
	o.ValPos = r.pos()
	sign := ""
	if r.takeOp("-") {
		sign = "-"
	} else {
		r.takeOp("+")
	}
	t := r.peek()
	o.Value = sign + t.text
	switch {
	case t.kind == tNumber:
		o.Kind = ast.NumberLit
	case sign != "":
		r.syntax()
	case t.kind == tString:
		o.Kind = ast.StringLit
	case t.word("true"), t.word("false"):
		o.Kind = ast.BoolLit
	case t.kind == tWord, t.kind == tQuoted:
		o.Kind, o.Word = ast.StringLit, true
	default:
		r.syntax()
	}
	r.p++
}
