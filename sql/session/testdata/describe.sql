CREATE STREAM bids (auction BIGINT, item TEXT NOT NULL, price NUMERIC(10,2), ts TIMESTAMP,
  cents BIGINT AS (price * 100), WATERMARK FOR ts AS ts - INTERVAL '4 seconds')
  WITH (connector = 'kafka', brokers = 'localhost:9092', topic = 'bids', format = 'json');
CREATE MATERIALIZED VIEW top AS SELECT auction, count(*) AS bids FROM bids GROUP BY auction;
\d
\d+
\dt
\dv
\dm
\dm+
\d bids
\d+ bids
\d top
\d nothing
\dt bi*
\d public.*
\dn
\l
\df
\du
\di
\ds
\dE
\dx
\db
\dT
\dp
\dD
\sv top
\dconfig timezone
\d dirigo_slo
