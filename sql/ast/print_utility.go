package ast

import "strings"

var showWords = [...]string{
	ShowAll: "ALL", ShowStreams: "STREAMS", ShowViews: "VIEWS", ShowTables: "TABLES",
	ShowQueries: "QUERIES", ShowSources: "SOURCES", ShowSinks: "SINKS", ShowJobs: "JOBS",
	ShowCreate: "CREATE ",
}

func (s *Show) String() string {
	return print(func(p *printer) {
		p.w("SHOW ", showWords[s.What])
		switch s.What {
		case ShowSetting:
			p.settingName(s.Setting)
		case ShowCreate:
			p.w(kindWords[s.Kind])
			p.qname(s.Name)
		}
	})
}

func (s *Describe) String() string {
	return "DESCRIBE " + kindWords[s.Kind] + s.Name.String()
}

func (s *Explain) String() string {
	return print(func(p *printer) {
		p.w("EXPLAIN (FORMAT ", s.Format)
		p.when(s.Analyze, ", ANALYZE")
		p.when(s.Verbose, ", VERBOSE")
		p.when(len(s.Options) > 0, ", ")
		p.options(s.Options, " ")
		p.w(") ")
		if s.Stmt != nil {
			p.statement(s.Stmt)
			return
		}
		p.w(kindWords[s.Kind])
		p.qname(s.Name)
	})
}

func (s *Copy) String() string {
	return print(func(p *printer) {
		p.w("COPY ")
		if s.Query != nil {
			p.w("(", s.Query.String(), ")")
		} else {
			p.qname(s.Table)
			p.columns(s.Columns)
		}
		word, std := " TO ", "STDOUT"
		if s.From {
			word, std = " FROM ", "STDIN"
		}
		p.w(word)
		p.when(s.Program, "PROGRAM ")
		if s.File != "" {
			p.w(QuoteString(s.File))
		} else {
			p.w(std)
		}
		if len(s.Options) > 0 {
			p.w(" WITH (")
			p.options(s.Options, " ")
			p.w(")")
		}
	})
}

func (s *Subscribe) String() string {
	return print(func(p *printer) {
		p.w("SUBSCRIBE TO ")
		if s.Query != nil {
			p.paren(s.Query)
		} else {
			p.qname(s.Name)
		}
		p.withOptions(s.Options)
	})
}

// modeSettings are the settings whose values are transaction modes.
var modeSettings = map[string]string{
	"transaction":             "TRANSACTION ",
	"session characteristics": "SESSION CHARACTERISTICS AS TRANSACTION ",
}

func (s *Set) String() string {
	return print(func(p *printer) {
		p.w("SET ")
		if head, ok := modeSettings[s.Name]; ok {
			p.w(head)
			p.list(len(s.Values), func(i int) {
				if l, ok := s.Values[i].(*Literal); ok {
					p.w(strings.ToUpper(l.Text))
				}
			})
			return
		}
		p.when(s.Scope == SetLocal, "LOCAL ")
		p.settingName(s.Name)
		p.w(" TO ")
		p.when(s.Values == nil, "DEFAULT")
		p.exprs(s.Values)
	})
}

func (s *Reset) String() string {
	if s.Name == "" {
		return "RESET ALL"
	}
	return print(func(p *printer) { p.w("RESET "); p.settingName(s.Name) })
}

func (s *Begin) String() string {
	out := "BEGIN"
	for i, m := range s.Modes {
		if i > 0 {
			out += ","
		}
		out += " " + strings.ToUpper(m)
	}
	return out
}

func (*Commit) String() string { return "COMMIT" }

func (s *Rollback) String() string {
	if s.To.Empty() {
		return "ROLLBACK"
	}
	return "ROLLBACK TO SAVEPOINT " + s.To.String()
}

func (s *Savepoint) String() string {
	if s.Release {
		return "RELEASE SAVEPOINT " + s.Name.String()
	}
	return "SAVEPOINT " + s.Name.String()
}

func (*Flush) String() string { return "FLUSH" }

func (s *Prepare) String() string {
	return print(func(p *printer) {
		p.w("PREPARE ")
		p.name(s.Name)
		if s.Types != nil {
			p.w(" (")
			p.list(len(s.Types), func(i int) { p.typeName(s.Types[i]) })
			p.w(")")
		}
		p.w(" AS ")
		p.statement(s.Stmt)
	})
}

func (s *Execute) String() string {
	return print(func(p *printer) {
		p.w("EXECUTE ")
		p.name(s.Name)
		if s.Args != nil {
			p.w(" (")
			p.exprs(s.Args)
			p.w(")")
		}
	})
}

// nameOrAll prints a name, ALL if there is none.
func nameOrAll(n Name) string {
	if n.Empty() {
		return "ALL"
	}
	return n.String()
}

func (s *Deallocate) String() string { return "DEALLOCATE " + nameOrAll(s.Name) }

func (s *Declare) String() string {
	return print(func(p *printer) {
		p.w("DECLARE ")
		p.name(s.Name)
		p.when(s.Binary, " BINARY")
		p.when(s.Scroll, " SCROLL")
		p.w(" CURSOR ")
		p.when(s.Hold, "WITH HOLD ")
		p.w("FOR ")
		p.statement(s.Query)
	})
}

func (s *Fetch) String() string {
	return print(func(p *printer) {
		p.w(map[bool]string{false: "FETCH ", true: "MOVE "}[s.Move])
		p.w([...]string{"FORWARD ", "BACKWARD ", "ABSOLUTE ", "RELATIVE "}[s.Dir])
		if s.Count == FetchEverything {
			p.w("ALL")
		} else {
			p.w(itoa(s.Count))
		}
		p.w(" FROM ")
		p.name(s.Cursor)
	})
}

func (s *Close) String() string { return "CLOSE " + nameOrAll(s.Name) }

func (s *Discard) String() string { return "DISCARD " + strings.ToUpper(s.What) }
