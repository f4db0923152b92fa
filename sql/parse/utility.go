package parse

import (
	"strings"

	"github.com/dirigo-stream/dirigo/sql/ast"
)

// show reads SHOW ….
func (r *reader) show() ast.Statement {
	s := &ast.Show{Pos: r.pos()}
	r.need("show")
	r.take("materialized")
	lists := map[string]ast.ShowKind{
		"streams": ast.ShowStreams, "views": ast.ShowViews, "tables": ast.ShowTables,
		"queries": ast.ShowQueries, "sources": ast.ShowSources, "sinks": ast.ShowSinks,
		"jobs": ast.ShowJobs, "all": ast.ShowAll,
	}
	word := r.peek()
	kind, ok := lists[word.text]
	switch {
	case ok && word.kind == tWord && !r.following().punct("."):
		r.p++
		s.What = kind
	case r.take("create"):
		s.What = ast.ShowCreate
		s.Kind = r.objectKind()
		s.Name = r.qname()
	default:
		s.Setting = r.setting()
	}
	if r.err == nil && !r.done() && s.What == ast.ShowSetting {
		r.syntax()
	}
	return s
}

// setting reads the name of a setting.
func (r *reader) setting() string {
	switch {
	case r.take("time", "zone"):
		return "timezone"
	case r.take("transaction", "isolation", "level"):
		return "transaction_isolation"
	case r.take("session", "authorization"):
		return "session_authorization"
	}
	return r.optionName()
}

// set reads SET ….
func (r *reader) set() ast.Statement {
	s := &ast.Set{Pos: r.pos()}
	r.need("set")
	switch {
	case r.isWord("session", "characteristics"):
		r.p += 2
		r.need("as", "transaction")
		s.Name = "session characteristics"
		s.Values = r.modeValues()
		return s
	case r.take("transaction"):
		s.Name = "transaction"
		s.Values = r.modeValues()
		return s
	case r.isWord("session", "authorization"), r.isWord("role"), r.isWord("constraints"):
		r.unsupported(r.p, "SET "+upper(r.peek().text), "")
		return s
	case r.isWord("local") && !r.following().op("="):
		r.p++
		s.Scope = ast.SetLocal
	case r.isWord("session") && !r.following().op("="):
		r.p++
	}
	r.setValues(s)
	return s
}

// modeSettings have a form of their own: SET TRANSACTION ….
var modeSettings = map[string]bool{"transaction": true, "session characteristics": true}

// setValues reads name = value, …, and the forms without a = sign.
func (r *reader) setValues(s *ast.Set) {
	switch {
	case r.take("time", "zone"):
		s.Name = "timezone"
		if r.take("local") {
			return
		}
	case r.take("names"):
		s.Name = "client_encoding"
	case r.take("schema"):
		s.Name = "search_path"
	default:
		s.Name = r.optionName()
		if modeSettings[s.Name] {
			r.syntaxAt(r.p - 1)
		}
		if !r.takeOp("=") {
			r.need("to")
		}
	}
	if r.take("default") {
		return
	}
	r.commaList(func() { s.Values = append(s.Values, r.settingValue()) })
}

// settingValue reads a string, a number or a word.
func (r *reader) settingValue() ast.Expr {
	t := r.peek()
	switch {
	case t.word("interval"), t.op("-"), t.kind == tNumber, t.kind == tString, t.word("true"), t.word("false"):
		return r.expression()
	case t.kind == tWord, t.kind == tQuoted:
		return &ast.Ident{Pos: r.pos(), Name: ast.QName{r.label()}}
	}
	r.syntax()
	return nil
}

func (r *reader) modeValues() []ast.Expr {
	var list []ast.Expr
	for _, m := range r.modes() {
		list = append(list, &ast.Literal{Pos: r.pos(), Kind: ast.StringLit, Text: m})
	}
	return list
}

func (r *reader) reset() ast.Statement {
	s := &ast.Reset{Pos: r.pos()}
	r.need("reset")
	if !r.take("all") {
		s.Name = r.setting()
	}
	return s
}

// modes reads transaction modes, with or without commas.
func (r *reader) modes() []string {
	var list []string
	for r.err == nil && !r.done() {
		var words []string
		switch {
		case r.take("isolation", "level"):
			words = []string{"isolation", "level"}
			words = append(words, r.level()...)
		case r.take("read", "only"):
			words = []string{"read", "only"}
		case r.take("read", "write"):
			words = []string{"read", "write"}
		case r.take("deferrable"):
			words = []string{"deferrable"}
		case r.take("not", "deferrable"):
			words = []string{"not", "deferrable"}
		default:
			r.syntax()
		}
		list = append(list, strings.Join(words, " "))
		if r.takePunct(",") && r.done() {
			r.syntax()
		}
	}
	return list
}

func (r *reader) level() []string {
	switch {
	case r.take("serializable"):
		return []string{"serializable"}
	case r.take("repeatable", "read"):
		return []string{"repeatable", "read"}
	case r.take("read", "committed"):
		return []string{"read", "committed"}
	}
	r.need("read", "uncommitted")
	return []string{"read", "uncommitted"}
}

// transaction reads BEGIN, COMMIT, ROLLBACK and their like.
func (r *reader) transaction(word string) ast.Statement {
	pos := r.pos()
	r.p++
	switch word {
	case "savepoint":
		return &ast.Savepoint{Pos: pos, Name: r.name()}
	case "release":
		r.take("savepoint")
		return &ast.Savepoint{Pos: pos, Name: r.name(), Release: true}
	case "start":
		r.need("transaction")
		return &ast.Begin{Pos: pos, Modes: r.modes()}
	}
	_ = r.take("work") || r.take("transaction")
	switch word {
	case "begin":
		return &ast.Begin{Pos: pos, Modes: r.modes()}
	case "commit", "end":
		r.chain()
		return &ast.Commit{Pos: pos}
	}
	s := &ast.Rollback{Pos: pos}
	if r.take("to") {
		r.take("savepoint")
		s.To = r.name()
		return s
	}
	r.chain()
	return s
}

func (r *reader) chain() {
	if r.isWord("and", "chain") {
		r.unsupported(r.p, "AND CHAIN", "")
		return
	}
	r.take("and", "no", "chain")
}

// prepared reads PREPARE, EXECUTE and DEALLOCATE.
func (r *reader) prepared(word string) ast.Statement {
	pos := r.pos()
	r.p++
	switch word {
	case "deallocate":
		if !r.endsAfter(1) {
			r.take("prepare")
		}
		if r.take("all") {
			return &ast.Deallocate{Pos: pos}
		}
		return &ast.Deallocate{Pos: pos, Name: r.name()}
	case "execute":
		s := &ast.Execute{Pos: pos, Name: r.name()}
		if r.peek().punct("(") {
			r.inParens(func() { s.Args = append(s.Args, r.expression()) })
		}
		return s
	}
	s := &ast.Prepare{Pos: pos, Name: r.name()}
	if r.peek().punct("(") {
		r.inParens(func() { s.Types = append(s.Types, r.typeName()) })
	}
	r.need("as")
	s.Stmt = r.statement()
	return s
}

func (r *reader) discard() ast.Statement {
	s := &ast.Discard{Pos: r.pos()}
	r.p++
	if !r.isAny("all", "plans", "sequences", "temp", "temporary") {
		r.syntax()
		return s
	}
	s.What = r.peek().text
	r.p++
	return s
}
