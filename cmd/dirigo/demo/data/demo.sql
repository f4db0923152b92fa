-- Flights, by scheduled departure. The text of the feed becomes a timestamp.
CREATE STREAM IF NOT EXISTS flights (
  id BIGINT,
  scheduled TEXT,
  delay INT,
  distance INT,
  origin TEXT,
  destination TEXT,
  departure TIMESTAMP AS CAST(scheduled AS TIMESTAMP),
  WATERMARK FOR departure AS departure - INTERVAL '1 minute'
) WITH (connector = 'kafka', topic = 'flights', format = 'json');

CREATE STREAM IF NOT EXISTS airports (
  iata TEXT, name TEXT, city TEXT, state TEXT, latitude DOUBLE PRECISION, longitude DOUBLE PRECISION
) WITH (connector = 'kafka', topic = 'airports', format = 'json');

-- Earthquakes, as published: event times are out of order, some are far behind.
CREATE STREAM IF NOT EXISTS quakes (
  id TEXT,
  time BIGINT,
  updated BIGINT,
  mag DOUBLE PRECISION,
  place TEXT,
  depth DOUBLE PRECISION,
  at TIMESTAMPTZ AS to_timestamp(time / 1000.0),
  WATERMARK FOR at AS at - INTERVAL '3 hours'
) WITH (connector = 'kafka', topic = 'quakes', format = 'json');

-- Delayed departures per airport, in windows that close for good.
CREATE MATERIALIZED VIEW IF NOT EXISTS delays_10m WITH (slo = '50 ms') AS
SELECT window_start, origin, count(*) AS delayed, avg(delay) AS average, max(delay) AS worst
FROM TUMBLE(flights, departure, INTERVAL '10 minutes')
WHERE delay > 15
GROUP BY window_start, origin
EMIT ON WINDOW CLOSE;

CREATE MATERIALIZED VIEW IF NOT EXISTS delays_1h WITH (slo = '100 ms') AS
SELECT window_start, origin, count(*) AS delayed, avg(delay) AS average, max(delay) AS worst
FROM TUMBLE(flights, departure, INTERVAL '1 hour')
WHERE delay > 15
GROUP BY window_start, origin
EMIT ON WINDOW CLOSE;

-- The worst airports of the last six hours, every hour.
CREATE MATERIALIZED VIEW IF NOT EXISTS worst_airports WITH (slo = '200 ms') AS
SELECT window_start, window_end, origin, count(*) AS flights,
       count(*) FILTER (WHERE delay > 15) AS delayed, avg(delay) AS average
FROM HOP(flights, departure, INTERVAL '1 hour', INTERVAL '6 hours')
GROUP BY window_start, window_end, origin
HAVING count(*) >= 3
EMIT ON WINDOW CLOSE;

-- Counts and averages since the beginning, updated as flights come. The feed
-- names no carrier: the airport that a flight leaves stands in for it.
CREATE MATERIALIZED VIEW IF NOT EXISTS carriers_now WITH (slo = '20 ms') AS
SELECT origin AS carrier, count(*) AS flights, count(*) FILTER (WHERE delay > 15) AS delayed,
       avg(delay) AS average, sum(distance) AS miles
FROM flights
GROUP BY origin;

-- The same to a topic: the latest value by key.
CREATE STREAM IF NOT EXISTS carriers_topic
WITH (connector = 'kafka', topic = 'carriers-now', format = 'upsert_json', key = 'carrier', slo = '50 ms', delivery = 'at_least_once') AS
SELECT origin AS carrier, count(*) AS flights, count(*) FILTER (WHERE delay > 15) AS delayed, avg(delay) AS average
FROM flights
GROUP BY origin;

-- Strong earthquakes per hour of their own time; what comes too late is rejected,
-- and can be read in dirigo_rejected.
CREATE MATERIALIZED VIEW IF NOT EXISTS quakes_per_hour WITH (slo = '100 ms') AS
SELECT window_start, count(*) AS quakes, max(mag) AS strongest, avg(depth) AS depth
FROM TUMBLE(quakes, at, INTERVAL '1 hour')
WHERE mag >= 4
GROUP BY window_start
EMIT ON WINDOW CLOSE;

-- Airports by their code, in a table: correct a name with UPDATE, and all that
-- joins it follows.
CREATE TABLE IF NOT EXISTS airport_names (iata TEXT PRIMARY KEY, name TEXT NOT NULL, city TEXT, state TEXT);
INSERT INTO airport_names SELECT iata, name, city, state FROM airports ON CONFLICT DO NOTHING;

-- Flights with the names of their airports, and the same as a topic.
CREATE MATERIALIZED VIEW IF NOT EXISTS flights_named WITH (slo = '100 ms') AS
SELECT f.id, f.departure, f.delay, o.city AS from_city, o.name AS from_airport, d.city AS to_city, d.name AS to_airport
FROM flights AS f
JOIN airport_names AS o ON o.iata = f.origin
JOIN airport_names AS d ON d.iata = f.destination;

CREATE STREAM IF NOT EXISTS flights_named_topic
WITH (connector = 'kafka', topic = 'flights-named', format = 'upsert_json', key = 'id', slo = '100 ms', delivery = 'at_least_once') AS
SELECT id, departure, delay, from_city, to_city FROM flights_named;

-- Each airport's average of now beside that of its last hour that has closed: a
-- view over views.
CREATE MATERIALIZED VIEW IF NOT EXISTS delays_compared WITH (slo = '200 ms') AS
SELECT now.carrier AS origin, now.flights, now.average AS average, last.hour, h.delayed, h.average AS hour_average, h.worst
FROM carriers_now AS now
JOIN (SELECT origin, max(window_start) AS hour FROM delays_1h GROUP BY origin) AS last ON last.origin = now.carrier
JOIN delays_1h AS h ON h.origin = last.origin AND h.window_start = last.hour;
