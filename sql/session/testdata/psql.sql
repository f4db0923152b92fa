CREATE STREAM bids (auction BIGINT, price NUMERIC(10,2), ts TIMESTAMP)
  WITH (connector = 'kafka', brokers = 'localhost:9092', topic = 'bids', format = 'json');
SELECT auction, price * 2 AS double, ts FROM bids \gdesc
SELECT relname, oid FROM pg_class WHERE relname = 'bids' \gdesc
\copy (SELECT typname, oid FROM pg_type WHERE typname IN ('int4', 'int8') ORDER BY 1) TO STDOUT CSV HEADER
SELECT typname AS t, oid AS o FROM pg_type WHERE oid = 20 \gset
\echo :t :o
\set FETCH_COUNT 2
SELECT typname FROM pg_type WHERE typname ~ '^_?int[248]$' ORDER BY 1;
\unset FETCH_COUNT
\echo :ROW_COUNT :LAST_ERROR_SQLSTATE
\encoding
SELECT current_database() \; SELECT current_user \; SELECT nullif(pg_client_encoding(), 'UTF8');
BEGIN \; SET LOCAL TimeZone = 'Asia/Tokyo' \; SHOW TimeZone \; COMMIT;
SHOW TimeZone;
\set VERBOSITY verbose
SELECT * FROM nothing;
