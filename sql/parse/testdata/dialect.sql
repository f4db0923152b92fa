CREATE STREAM bids (
  auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT, date_time TIMESTAMP, extra TEXT,
  WATERMARK FOR date_time AS date_time - INTERVAL '4 seconds'
) WITH (connector = 'kafka', brokers = 'localhost:9092', topic = 'bids', format = 'json');

CREATE STREAM hot_items
  WITH (connector = 'kafka', brokers = 'localhost:9092', topic = 'hot-items', format = 'json', slo = '50 ms', delivery = 'at_least_once') AS
SELECT window_start, auction, count(*) AS bids, max(price) AS top_price
FROM TUMBLE(bids, date_time, INTERVAL '10 seconds')
GROUP BY window_start, auction;

EXPLAIN hot_items;  EXPLAIN ANALYZE hot_items;  ALTER STREAM hot_items SET (slo = '20 ms');

EXPLAIN (FORMAT json) hot_items;
EXPLAIN (ANALYZE, FORMAT text) SELECT 1;
EXPLAIN CREATE MATERIALIZED VIEW v AS SELECT count(*) FROM bids;
EXPLAIN MATERIALIZED VIEW v;
EXPLAIN (SELECT 1);

CREATE STREAM IF NOT EXISTS quakes (
  "time" BIGINT NOT NULL,
  ts TIMESTAMP AS to_timestamp(time / 1000.0),
  ts2 TIMESTAMP GENERATED ALWAYS AS (to_timestamp("time" / 1000.0)) STORED NOT NULL,
  mag DOUBLE PRECISION,
  k TEXT METADATA FROM 'key',
  headers TEXT METADATA,
  part INT METADATA VIRTUAL,
  amount NUMERIC(12, 2) DEFAULT 0 NOT NULL,
  tags TEXT[],
  PRIMARY KEY ("time", k),
  WATERMARK FOR ts AS ts - INTERVAL '1' HOUR
) WITH (connector = 'file', path = '/tmp/x.ndjson', 'properties.a.b' = 'c', kafka.sasl.mechanism = plain, idle_timeout = '5 s', rate = 100, on_idle = 'advance', strict = true, offset = -1);

CREATE STREAM g (a INT PRIMARY KEY) WITH (connector = 'nexmark', events = 1000, "table" = 'bid');

CREATE STREAM out (a, b) WITH (connector = 'blackhole') AS SELECT x, y FROM g EMIT CHANGES;

CREATE MATERIALIZED VIEW delays_10m AS
SELECT window_start, origin, count(*) FILTER (WHERE delay > 15) AS delayed, avg(delay), count(DISTINCT carrier)
FROM TUMBLE(flights, dep, INTERVAL '10' MINUTE)
WHERE delay IS NOT NULL
GROUP BY window_start, origin HAVING count(*) > 1
EMIT ON WINDOW CLOSE;

CREATE MATERIALIZED VIEW IF NOT EXISTS w (a, b) WITH (slo = '50 ms') AS
WITH x AS (SELECT * FROM HOP(flights, dep, INTERVAL '5 minutes', INTERVAL '1 hour') AS h), y (p, q) AS NOT MATERIALIZED (VALUES (1, 'a'), (2, 'b'))
SELECT x.*, y.q FROM x JOIN y ON x.a = y.p UNION ALL SELECT 1, 2 FROM (SELECT 1) AS s EMIT CHANGES;

CREATE VIEW plain AS SELECT 1 AS one;
CREATE OR REPLACE VIEW plain AS TABLE bids;
CREATE TABLE IF NOT EXISTS orders (id BIGINT PRIMARY KEY, cid INT NOT NULL, at TIMESTAMPTZ DEFAULT now()) WITH (retained = '1 day');
CREATE TABLE t2 AS SELECT 1 AS a;

SELECT * FROM TUMBLE((SELECT * FROM bids WHERE price > 1), date_time, INTERVAL '10 seconds', INTERVAL '1 second') AS t;
SELECT * FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(date_time), INTERVAL '10' SECOND)) t;
SELECT * FROM SESSION(bids, date_time, INTERVAL '10 minutes') s, CUMULATE(bids, b.date_time, INTERVAL '1' HOUR, INTERVAL '1' DAY);
SELECT * FROM generate_series(1, 10) AS g(i), unnest(ARRAY[1,2]) WITH ORDINALITY AS u(x, n), LATERAL (SELECT i + 1) l;
SELECT * FROM json_to_recordset('[]') AS x(a int, b text);
SELECT * FROM orders AS o JOIN rates FOR SYSTEM_TIME AS OF o.at - INTERVAL '1 s' AS r ON o.cid = r.id;
SELECT * FROM a ASOF LEFT JOIN b ON a.x = b.x AND a.t >= b.t;
SELECT * FROM a FULL JOIN b USING (x, y) AS u, c CROSS JOIN d NATURAL LEFT JOIN e;
SELECT * FROM a JOIN b JOIN c ON b.x = c.x ON a.x = b.x LEFT OUTER JOIN (d RIGHT JOIN e ON true) AS j ON j.x = a.x;
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v(n, s);
SELECT * FROM (a CROSS JOIN b), ONLY c;
SELECT DISTINCT ON (a, b + 1) a, b c FROM t WHERE a > 1 ORDER BY a, b + 1 DESC NULLS LAST, c USING > LIMIT 10 + $1 OFFSET 5;
SELECT ALL a FROM t LIMIT ALL OFFSET 2 ROWS;
SELECT a FROM t OFFSET 2 FETCH NEXT 5 ROWS ONLY;
SELECT a FROM t ORDER BY a FETCH FIRST ROW WITH TIES;
SELECT a, sum(b) FROM t GROUP BY ROLLUP (a, (b, c)), CUBE (d), GROUPING SETS ((a), (), ROLLUP (b)), () HAVING sum(b) > 1;
SELECT rank() OVER w, sum(a) OVER (w ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES), lag(a, 1) OVER (PARTITION BY b, c ORDER BY d DESC RANGE BETWEEN INTERVAL '1 day' PRECEDING AND UNBOUNDED FOLLOWING) FROM t WINDOW w AS (PARTITION BY a ORDER BY b), v AS (w);
SELECT row_number() OVER (ORDER BY a) AS rn, max(b) FILTER (WHERE c) OVER (PARTITION BY d GROUPS UNBOUNDED PRECEDING) FROM t;
SELECT string_agg(DISTINCT a, ',' ORDER BY a DESC), percentile_cont(0.5) WITHIN GROUP (ORDER BY x), f(VARIADIC a), f(a => 1, b := 2) FROM t;
SELECT count(*), count(t.*), count(DISTINCT a), count(ALL b) FROM t;
SELECT CAST(a AS numeric(10,2)), a::timestamp(3) with time zone, a::interval day to second(3), '1'::"char", a::pg_catalog.int4[], a::varchar(10) ARRAY, a::double precision, a::float(10), a::bit varying(3), a::char(3), a::char, a::time without time zone;
SELECT DATE '2026-01-01', TIMESTAMP '2026-01-01 00:00', timestamptz '2026-01-01', TIMESTAMP WITH TIME ZONE '2026-01-01', INTERVAL '1 hour', INTERVAL '1' HOUR, INTERVAL(3) '1.5', INTERVAL '1 2:3' DAY TO MINUTE, INTERVAL '1.5' SECOND(2), json '{}', pg_catalog.int4 '1', double precision '1.5', numeric(3,1) '1.5', b'0101', X'1F';
SELECT extract(epoch FROM a), EXTRACT('dow' FROM b), position('a' IN b), substring(a FROM 1 FOR 2), substring(a FROM 'x'), substring(a FOR 2), substring(a, 1, 2), overlay(a PLACING b FROM 1 FOR 2), trim(a), trim(BOTH FROM a), trim(LEADING 'x' FROM a), trim(TRAILING FROM a), trim(a, 'x'), coalesce(a, b), nullif(a, b), greatest(a, b, c), least(a), left(a, 1), right(a, 1), current_date, current_timestamp, current_timestamp(3), localtime, current_user, session_user, user, current_catalog, current_schema;
SELECT 1e400, 1.50, .5, 5., 1e-3, 'it''s', e'a\n\x41\u00e9\\', U&'d\0061t\+000061', $$dollar$$, $tag$a $$ b$tag$, 'a'
  'b', n'x', TRUE, false, NULL, $1, $2::int;
SELECT a IN (SELECT b FROM c), EXISTS (SELECT 1), NOT EXISTS (SELECT FROM t), (SELECT max(a) FROM t), ARRAY(SELECT a FROM t), ARRAY[1, 2], ARRAY[[1, 2], [3, 4]], ARRAY[]::int[], ROW(1, 'a'), ROW(), (1, 2), ((SELECT 1)), ((SELECT 1) + 2), (SELECT 1 UNION SELECT 2), ((SELECT 1) UNION (SELECT 2) ORDER BY 1);
SELECT a < ALL (ARRAY[1, 2]), a = SOME (SELECT 1), a ~~ ANY ('{a}'), a ILIKE ALL (b);
SELECT (t.r).f, (t.r).*, t.a[1], t.a[1:2][:3], (f(x))[1], ($1).x, (ARRAY[1,2])[1], public.t.a, t."Foo Bar", "a""b", "select", time, value, key, row, rank, window_start FROM t;
SELECT 1 UNION SELECT 2 INTERSECT SELECT 3 EXCEPT ALL SELECT 4;
(SELECT 1 UNION ALL SELECT 2) INTERSECT (SELECT 3 ORDER BY 1 LIMIT 1) ORDER BY 1;
(SELECT 1);
((SELECT 1) LIMIT 1);
VALUES (1, 'a'), (2, DATE '2026-01-01') ORDER BY 1;
TABLE bids;
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 10) SELECT * FROM r;
SELECT;
SELECT FROM t;
SELECT 1 WHERE true;
SELECT 1 HAVING true;

INSERT INTO orders VALUES (1, 2, DEFAULT), (2, 3, now());
INSERT INTO orders AS o (id, cid) SELECT a, b FROM t ON CONFLICT (id) DO UPDATE SET cid = excluded.cid WHERE o.cid > 1 RETURNING id, cid AS c;
INSERT INTO orders DEFAULT VALUES;
INSERT INTO orders (SELECT 1, 2);
WITH x AS (SELECT 1) INSERT INTO orders SELECT * FROM x ON CONFLICT DO NOTHING;
UPDATE orders o SET cid = 2, (id, at) = (1, DEFAULT) FROM t WHERE o.id = t.id RETURNING *;
UPDATE orders SET cid = cid + 1;
DELETE FROM orders USING t WHERE orders.id = t.id;
DELETE FROM orders AS o WHERE o.id = 1 RETURNING o.id;

SHOW STREAMS; SHOW VIEWS; SHOW MATERIALIZED VIEWS; SHOW TABLES; SHOW QUERIES; SHOW SOURCES; SHOW ALL; SHOW search_path; SHOW TIME ZONE; SHOW TRANSACTION ISOLATION LEVEL; SHOW CREATE STREAM bids; SHOW CREATE bids; SHOW dirigo.slo; SHOW server_version;
DESCRIBE bids; DESC STREAM bids; DESCRIBE MATERIALIZED VIEW v;
DROP STREAM bids; DROP MATERIALIZED VIEW IF EXISTS a, public.b CASCADE; DROP VIEW v RESTRICT; DROP TABLE t;
ALTER MATERIALIZED VIEW v SET (slo = '50 ms', share = 2); ALTER STREAM v RESET (slo); ALTER STREAM IF EXISTS v RENAME TO w; ALTER STREAM v SET slo = '1 s';
FLUSH;
SUBSCRIBE TO v; SUBSCRIBE v; SUBSCRIBE TO (SELECT * FROM v WHERE a > 1) WITH (SNAPSHOT = false, PROGRESS = true);
COPY (SUBSCRIBE TO x) TO STDOUT; COPY (SUBSCRIBE TO x WITH (SNAPSHOT = false)) TO STDOUT WITH (FORMAT csv, HEADER); COPY (SELECT 1) TO STDOUT (FORMAT binary);
COPY t (a, b) FROM STDIN; COPY t FROM STDIN WITH CSV HEADER DELIMITER ';' NULL AS ''; COPY t TO '/tmp/x' (FORMAT csv);
SET slo = '50 ms'; SET SESSION a.b TO 1, 'c', d; SET LOCAL x = -1.5; SET TIME ZONE 'UTC'; SET TIME ZONE DEFAULT; SET TIME ZONE INTERVAL '1' HOUR; SET x TO DEFAULT; SET x = on; SET search_path = "$user", public; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY; SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; SET NAMES 'utf8'; SET extra_float_digits = 3;
RESET x; RESET ALL; RESET TIME ZONE;
BEGIN; BEGIN WORK ISOLATION LEVEL READ COMMITTED; START TRANSACTION READ ONLY, NOT DEFERRABLE; COMMIT; COMMIT AND NO CHAIN; END TRANSACTION; ROLLBACK; ABORT; SAVEPOINT s; RELEASE s; ROLLBACK TO s;
PREPARE p (int, text) AS SELECT $1, $2; PREPARE q AS INSERT INTO t VALUES ($1); EXECUTE p (1, 'a' || 'b'); EXECUTE q; DEALLOCATE p; DEALLOCATE PREPARE q; DEALLOCATE ALL;
DECLARE c CURSOR FOR SELECT 1; DECLARE c BINARY NO SCROLL CURSOR WITH HOLD FOR SUBSCRIBE TO v; FETCH c; FETCH 10 FROM c; FETCH ALL IN c; FETCH FORWARD ALL FROM c; FETCH NEXT FROM c; FETCH ABSOLUTE -1 FROM c; FETCH BACKWARD 3 c; FETCH LAST FROM c; MOVE RELATIVE 2 IN c; CLOSE c; CLOSE ALL; FETCH forward; FETCH next;
DISCARD ALL;
SELECT /* a /* nested */ comment */ 1 -- to the end
;
SELECT a emit FROM t EMIT CHANGES;
SELECT * FROM t emit;

CREATE TABLE t (a INT, b TEXT CONSTRAINT nn NOT NULL DEFAULT 'x', CONSTRAINT k PRIMARY KEY (a, b)); CREATE TABLE t (a INT CONSTRAINT k PRIMARY KEY); CREATE TABLE t ();
INSERT INTO t VALUES (1, -2, 'x', NULL, $1, DEFAULT, true), ($2, 2.5, '', 1e3, $3, - 4, false) ON CONFLICT ON CONSTRAINT t_pkey DO NOTHING RETURNING *;
UPDATE t * AS x SET a = DEFAULT WHERE x.a = 1; DELETE FROM ONLY (t) x; TRUNCATE t; TRUNCATE TABLE ONLY t, public.u * RESTART IDENTITY CASCADE;
COPY t FROM STDIN (FORMAT csv, HEADER match, NULL '');
