-- Where edges can stand. Seeded by the next migration; a heartbeat from elsewhere adds its site.
CREATE TABLE edge_locations (
  id          varchar(50) PRIMARY KEY CHECK (id ~ '^[a-z0-9-]+$'),
  url         text NOT NULL,
  city        varchar(100) NOT NULL,
  country     varchar(2) NOT NULL,                 -- ISO 3166-1 alpha-2, empty where nobody said
  lat         double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
  lng         double precision NOT NULL CHECK (lng BETWEEN -180 AND 180),
  is_active   boolean NOT NULL DEFAULT true,       -- an operator may take a site out of service
  created_at  timestamptz NOT NULL DEFAULT now()
);

-- What each edge said last, and what the last probe of it saw. One row per edge that ever spoke.
CREATE TABLE edge_status (
  edge_id         varchar(50) PRIMARY KEY REFERENCES edge_locations (id) ON DELETE CASCADE,
  url             text NOT NULL,
  rpc_address     text NOT NULL,
  load_percent    integer NOT NULL CHECK (load_percent BETWEEN 0 AND 100),
  active_uploads  integer NOT NULL CHECK (active_uploads >= 0),
  bandwidth_mbps  integer NOT NULL CHECK (bandwidth_mbps >= 0),
  draining        boolean NOT NULL,
  heard_at        timestamptz NOT NULL,
  probe_ms        double precision,                -- null before the first probe
  probed_at       timestamptz
);

-- The history: one row per live edge and probe, every 10 s. Days are partitions, so forgetting one is dropping a table.
CREATE TABLE edge_metrics (
  edge_id         varchar(50) NOT NULL,
  recorded_at     timestamptz NOT NULL,
  latency_ms      integer NOT NULL,
  load_percent    integer NOT NULL,
  bandwidth_mbps  integer NOT NULL,
  active_uploads  integer NOT NULL,
  PRIMARY KEY (edge_id, recorded_at)
) PARTITION BY RANGE (recorded_at);

-- Averages by the hour, kept when the rows are gone.
CREATE TABLE edge_metrics_hourly (
  edge_id         varchar(50) NOT NULL,
  hour            timestamptz NOT NULL,
  samples         integer NOT NULL,
  latency_ms_avg  real NOT NULL,
  latency_ms_max  integer NOT NULL,
  load_avg        real NOT NULL,
  load_max        integer NOT NULL,
  PRIMARY KEY (edge_id, hour)
);

-- Who uploads when, from the sessions opened. Hours and days are UTC; Sunday is 0.
CREATE TABLE upload_patterns (
  account_id     varchar(64) NOT NULL,
  user_id        varchar(64) NOT NULL,
  hour           smallint NOT NULL CHECK (hour BETWEEN 0 AND 23),
  day_of_week    smallint NOT NULL CHECK (day_of_week BETWEEN 0 AND 6),
  avg_file_size  double precision NOT NULL,
  upload_count   bigint NOT NULL,
  typical_edges  jsonb NOT NULL DEFAULT '[]',      -- those of the newest upload in this hour
  updated_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_id, user_id, hour, day_of_week)
);
CREATE INDEX upload_patterns_by_time ON upload_patterns (day_of_week, hour, upload_count DESC);

-- Makes the partitions that are about to be needed, averages the hours that have ended, and drops what is older than it may be.
-- Safe to call at any time from any number of processes.
CREATE FUNCTION maintain_edge_metrics(at timestamptz, days_kept integer, hourly_days_kept integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  today date := (at AT TIME ZONE 'UTC')::date;
  day date;
  partition_name text;
  old record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('edge_selection.maintain_edge_metrics'));
  FOR day IN SELECT generate_series(today - 1, today + 2, interval '1 day')::date LOOP
    partition_name := 'edge_metrics_' || to_char(day, 'YYYYMMDD');
    IF to_regclass(partition_name) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF edge_metrics FOR VALUES FROM (%L) TO (%L)',
        partition_name, day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
    END IF;
  END LOOP;
  INSERT INTO edge_metrics_hourly (edge_id, hour, samples, latency_ms_avg, latency_ms_max, load_avg, load_max)
    SELECT edge_id, date_trunc('hour', recorded_at), count(*), avg(latency_ms), max(latency_ms), avg(load_percent), max(load_percent)
    FROM edge_metrics
    WHERE recorded_at >= greatest(
        date_trunc('hour', at) - make_interval(days => days_kept),
        coalesce((SELECT max(hour) FROM edge_metrics_hourly) + interval '1 hour', '-infinity'))
      AND recorded_at < date_trunc('hour', at)
    GROUP BY 1, 2
    ON CONFLICT DO NOTHING;
  FOR old IN
    SELECT child.relname AS name FROM pg_inherits
      JOIN pg_class parent ON parent.oid = inhparent
      JOIN pg_class child ON child.oid = inhrelid
    WHERE parent.oid = 'edge_metrics'::regclass
      AND child.relname ~ '^edge_metrics_\d{8}$'
      AND to_date(right(child.relname, 8), 'YYYYMMDD') < today - days_kept
  LOOP
    EXECUTE format('DROP TABLE %I', old.name);
  END LOOP;
  DELETE FROM edge_metrics_hourly WHERE hour < at - make_interval(days => hourly_days_kept);
  DELETE FROM upload_patterns WHERE updated_at < at - interval '90 days';
END $$;
