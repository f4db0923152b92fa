package parse

import (
	"math"
	"strconv"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// starters are the words that begin a statement behind EXPLAIN; anything else
// is a name.
var starters = map[string]bool{
	"select": true, "with": true, "values": true, "table": true, "insert": true, "update": true,
	"delete": true, "create": true, "declare": true, "execute": true, "subscribe": true,
}

// explain reads EXPLAIN of a statement or of a name.
func (r *reader) explain() ast.Statement {
	s := &ast.Explain{Pos: r.pos(), Format: "text"}
	r.need("explain")
	if r.peek().punct("(") && !r.isQuery(r.p) {
		r.explainOptions(s)
	}
	s.Analyze = r.take("analyze") || s.Analyze
	s.Verbose = r.take("verbose") || s.Verbose
	t := r.peek()
	if r.isQuery(r.p) || t.kind == tWord && starters[t.text] && (ast.Keyword(t.text) == ast.Reserved || !r.endsAfter(1)) {
		s.Stmt = r.statement()
		return s
	}
	s.Kind = r.objectKind()
	s.Name = r.qname()
	return s
}

func (r *reader) explainOptions(s *ast.Explain) {
	at := r.p
	for _, o := range r.options(false) {
		on := o.Value != "false" && o.Value != "off" && o.Value != "0"
		switch o.Name {
		case "analyze":
			s.Analyze = on
		case "verbose":
			s.Verbose = on
		case "format":
			s.Format = fold(o.Value)
			if s.Format != "text" && s.Format != "json" {
				r.failAt(at, "22023", "unrecognized value for EXPLAIN option \"format\": \"%s\"", o.Value)
				r.hint("the formats are text and json")
			}
		default:
			s.Options = append(s.Options, o)
		}
	}
}

// subscribe reads SUBSCRIBE TO name or query.
func (r *reader) subscribe() ast.Statement {
	s := &ast.Subscribe{Pos: r.pos()}
	r.need("subscribe")
	r.take("to")
	if r.isQuery(r.p) {
		s.Query = r.parenQuery()
	} else {
		s.Name = r.qname()
	}
	s.Options = r.withOptions()
	return s
}

// copy reads COPY.
func (r *reader) copy() ast.Statement {
	s := &ast.Copy{Pos: r.pos()}
	r.need("copy")
	if r.peek().punct("(") {
		r.p++
		s.Query = r.statement()
		r.needPunct(")")
		switch s.Query.(type) {
		case *ast.Select, *ast.Subscribe, nil:
		default:
			r.unsupported(r.p-1, "COPY of this statement", "COPY takes a query or SUBSCRIBE")
		}
	} else {
		s.Table = r.qname()
		if r.peek().punct("(") {
			s.Columns = r.names()
		}
	}
	if s.From = s.Query == nil && r.take("from"); !s.From {
		r.need("to")
	}
	r.copyFile(s)
	r.copyOptions(s)
	return s
}

func (r *reader) copyFile(s *ast.Copy) {
	switch {
	case r.take("stdin"), r.take("stdout"):
	default:
		s.Program = r.take("program")
		s.File = r.text()
	}
}

// copyOptions reads (format csv, …), and the older form without parentheses.
func (r *reader) copyOptions(s *ast.Copy) {
	r.take("with")
	if r.peek().punct("(") {
		s.Options = r.options(false)
		return
	}
	for r.err == nil && !r.done() {
		o := ast.Option{Pos: r.pos(), Name: r.peek().text, ValPos: r.pos(), Kind: ast.StringLit, Word: true}
		switch {
		case r.isAny("csv", "binary"):
			o.Name, o.Value = "format", o.Name
			r.p++
		case r.take("header"):
			o.Value, o.Kind, o.ValPos = "true", ast.BoolLit, ast.NoPos
		case r.isAny("delimiter", "null", "quote", "escape"):
			r.p++
			r.take("as")
			o.ValPos, o.Word = r.pos(), false
			o.Value = r.text()
		default:
			r.syntax()
		}
		if s.Options.Lookup(o.Name) != nil {
			r.failAt(r.p-1, CodeSyntax, "conflicting or redundant options")
		}
		s.Options = append(s.Options, o)
	}
}

// cursor reads DECLARE, FETCH, MOVE and CLOSE.
func (r *reader) cursor(word string) ast.Statement {
	pos := r.pos()
	r.p++
	switch word {
	case "declare":
		return r.declare(pos)
	case "close":
		if r.take("all") {
			return &ast.Close{Pos: pos}
		}
		return &ast.Close{Pos: pos, Name: r.name()}
	}
	s := &ast.Fetch{Pos: pos, Move: word == "move", Count: 1}
	r.direction(s)
	_ = r.take("from") || r.take("in")
	s.Cursor = r.name()
	return s
}

func (r *reader) declare(pos ast.Pos) ast.Statement {
	s := &ast.Declare{Pos: pos, Name: r.name()}
	for r.err == nil && !r.isWord("cursor") {
		switch {
		case r.take("binary"):
			s.Binary = true
		case r.take("scroll"):
			s.Scroll = true
		case r.take("no", "scroll"), r.take("insensitive"), r.take("asensitive"):
		default:
			r.syntaxAt(r.p, "cursor")
		}
	}
	r.need("cursor")
	if r.take("with", "hold") {
		s.Hold = true
	} else {
		r.take("without", "hold")
	}
	r.need("for")
	if r.isWord("subscribe") {
		s.Query = r.subscribe()
	} else {
		s.Query = r.query()
	}
	return s
}

// direction reads what stands between FETCH and FROM.
func (r *reader) direction(s *ast.Fetch) {
	t := r.following()
	if r.endsAfter(1) { // FETCH c, whatever c is called
		return
	}
	switch {
	case r.take("next"):
	case r.take("prior"):
		s.Dir = ast.FetchBackward
	case r.take("first"):
		s.Dir = ast.FetchAbsolute
	case r.take("last"):
		s.Dir, s.Count = ast.FetchAbsolute, -1
	case r.take("absolute"):
		s.Dir, s.Count = ast.FetchAbsolute, r.count()
	case r.take("relative"):
		s.Dir, s.Count = ast.FetchRelative, r.count()
	case r.take("forward"):
		r.optionalCount(s)
	case r.take("backward"):
		s.Dir = ast.FetchBackward
		r.optionalCount(s)
	case t.kind != tEnd:
		r.optionalCount(s)
	}
}

func (r *reader) optionalCount(s *ast.Fetch) {
	if r.take("all") {
		s.Count = ast.FetchEverything
	} else if t := r.peek(); t.kind == tNumber || t.op("-") || t.op("+") {
		s.Count = r.count()
	}
}

func (r *reader) count() int64 {
	minus := r.takeOp("-")
	if !minus {
		r.takeOp("+")
	}
	n, err := strconv.ParseInt(r.peek().text, 10, 64)
	if r.peek().kind != tNumber || err != nil || n == math.MaxInt64 {
		r.syntax()
		return 0
	}
	r.p++
	if minus {
		return -n
	}
	return n
}
