#!/bin/sh
# Computes testdata/pg.txt: each expression of pg.sql.txt with the type and the
# result (or !SQLSTATE) that PostgreSQL gives. Set PGHOST and the like for psql.
cd "$(dirname "$0")" || exit 1
out=$(mktemp)
while IFS= read -r e; do
	got=$(PGTZ=UTC psql -X -q -A -t -F ' ; ' -P null=NULL -v VERBOSITY=sqlstate \
		-c "select pg_typeof(x), x from (select $e) as q(x)" 2>&1 | head -1)
	case $got in
	ERROR*) got="- ; !${got##*ERROR:  }" ;;
	esac
	printf '%s ; %s\n' "$e" "$got"
done <pg.sql.txt >"$out"
mv "$out" pg.txt
chmod 644 pg.txt
