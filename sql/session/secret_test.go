package session_test

import (
	"strings"
	"testing"
)

// TestSecrets: SHOW CREATE shows a definition without its passwords, however
// they were written; the catalog keeps them.
func TestSecrets(t *testing.T) {
	e := newFakeEngine()
	conn := connect(t, serve(t, newDB(t, e, &memLog{records: map[string][]byte{}})))
	for _, written := range []string{"'hunt''er2'", `e'hunt\'er2'`, "$$hunt'er2$$", "$x$hunt'er2$x$"} {
		create := "CREATE STREAM s (a BIGINT) WITH (connector = 'kafka', topic = 't', format = 'json', sasl.mechanism = 'plain', sasl.username = 'me', sasl.password = " +
			written + ", idle_timeout = '1 s')"
		if _, err := conn.Exec(t.Context(), create); err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		got := query(t, conn, "SHOW CREATE STREAM s")
		if strings.Contains(got, "hunt") || !strings.Contains(got, "sasl.password = '********', idle_timeout = '1 s')") {
			t.Errorf("%s is shown as\n%s", written, got)
		}
		kept := false
		for _, d := range e.sources {
			kept = kept || d.Spec.Options["sasl.password"] == "hunt'er2"
		}
		if !kept {
			t.Errorf("%s was not kept", written)
		}
		do(t, conn, "DROP STREAM s")
		clear(e.sources)
	}
}
