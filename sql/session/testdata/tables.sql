CREATE TABLE orders (id BIGINT PRIMARY KEY, customer TEXT NOT NULL DEFAULT 'nobody', price NUMERIC(10,2), at TIMESTAMPTZ DEFAULT now());
CREATE TABLE lines (order_id BIGINT, no INT, what VARCHAR(20), CONSTRAINT lines_key PRIMARY KEY (order_id, no));
CREATE TABLE IF NOT EXISTS lines (a INT);
CREATE TABLE lines (a INT);
CREATE TABLE heap (a INT, b TEXT);
\d
\dt
\di
\d orders
\d lines
\d heap
\d orders_pkey
DESCRIBE orders;
SHOW TABLES;
SHOW CREATE TABLE lines;
SELECT table_name, constraint_name, column_name, ordinal_position FROM information_schema.key_column_usage ORDER BY 1, 4;
CREATE TABLE bad (a SERIAL);
CREATE TABLE bad (a INT GENERATED ALWAYS AS IDENTITY);
CREATE TABLE bad (a INT PRIMARY KEY, PRIMARY KEY (a));
CREATE TABLE bad (a INT, PRIMARY KEY (b));
CREATE TABLE bad (a INT, a INT);
CREATE TABLE bad (a INT DEFAULT 'x');
CREATE TABLE bad (a INT DEFAULT b);
CREATE TABLE bad (a INT DEFAULT now());
CREATE TABLE bad (a INT) WITH (connector = 'kafka');
CREATE TABLE bad AS SELECT 1 AS a;
CREATE TEMP TABLE bad (a INT);
CREATE MATERIALIZED VIEW total AS SELECT customer, sum(price) AS price FROM orders GROUP BY customer;
DROP TABLE orders;
DROP TABLE total;
DROP TABLE orders CASCADE;
DROP TABLE lines, heap;
DROP TABLE IF EXISTS lines;
INSERT INTO lines VALUES (1);
\d
