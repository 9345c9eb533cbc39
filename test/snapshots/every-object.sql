-- Every kind of object that a snapshot carries, in names and values that are hard to quote. 44 tables.
CREATE SCHEMA app;
CREATE SCHEMA "Odd schema ""x"".y";
COMMENT ON SCHEMA app IS 'it''s the application';
CREATE TYPE app.mood AS ENUM ('sad', 'it''s ok', 'happy');
CREATE TYPE app.point2 AS (x double precision, y double precision, label text COLLATE "C");
CREATE TYPE app.span AS RANGE (subtype = numeric);
CREATE DOMAIN app.email AS text DEFAULT 'nobody@example.org' CONSTRAINT has_at CHECK (VALUE LIKE '%@%');
CREATE DOMAIN app.percent AS numeric(5,2) NOT NULL CHECK (VALUE >= 0) CHECK (VALUE <= 100);
COMMENT ON TYPE app.mood IS 'how it is';
COMMENT ON CONSTRAINT has_at ON DOMAIN app.email IS 'very strict';
CREATE SEQUENCE app.tickets AS integer START 100 INCREMENT BY 7 MAXVALUE 5000 CACHE 3 CYCLE;
CREATE SEQUENCE app.untouched START WITH 42;
CREATE FUNCTION app.full_name(first text, last text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT first || ' ' || last $$;
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
  -- a comment with $$ in it
  NEW.touched := clock_timestamp();
  RETURN NEW;
END $f$;
CREATE FUNCTION app.is_short(value text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN length(value) < 200;
CREATE PROCEDURE app.nothing(INOUT n integer) LANGUAGE plpgsql AS $$ BEGIN n := n + 1; END $$;
CREATE AGGREGATE app.concat_all(text) (SFUNC = textcat, STYPE = text, INITCOND = '');
COMMENT ON FUNCTION app.full_name(text, text) IS 'two names';
CREATE TABLE app.person (
  id integer GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5) PRIMARY KEY,
  first text NOT NULL, last text NOT NULL,
  full_name text GENERATED ALWAYS AS (app.full_name(first, last)) STORED,
  email app.email, mood app.mood DEFAULT 'happy', moods app.mood[], place app.point2, spans app.span[],
  share app.percent DEFAULT 50, touched timestamptz, born date, note varchar(200) COLLATE "C" DEFAULT 'it''s',
  kind varchar(10) DEFAULT 'a',
  CONSTRAINT short_note CHECK (app.is_short(note)),
  CONSTRAINT known_kind CHECK (kind IN ('a', 'b', 'c')),
  CONSTRAINT adult CHECK (born < DATE '2020-01-01') NOT VALID
) WITH (fillfactor = 80, autovacuum_enabled = true);
ALTER TABLE app.person ALTER COLUMN note SET STORAGE EXTERNAL;
ALTER TABLE app.person ALTER COLUMN last SET STATISTICS 500;
ALTER TABLE app.person ADD COLUMN gone integer DEFAULT 7;
ALTER TABLE app.person ADD COLUMN after_gone integer DEFAULT 8;
ALTER TABLE app.person DROP COLUMN gone;
CREATE UNIQUE INDEX person_email ON app.person (lower(email)) WHERE email IS NOT NULL;
CREATE INDEX person_names ON app.person USING btree (last DESC NULLS LAST, first) INCLUDE (born) WITH (fillfactor = 70);
CREATE INDEX person_moods ON app.person USING gin (moods);
CREATE STATISTICS app.person_stats (dependencies, ndistinct) ON first, last FROM app.person;
CREATE TRIGGER person_touch BEFORE UPDATE ON app.person FOR EACH ROW WHEN (OLD.last IS DISTINCT FROM NEW.last) EXECUTE FUNCTION app.touch();
CREATE TRIGGER person_off BEFORE INSERT ON app.person FOR EACH ROW EXECUTE FUNCTION app.touch();
ALTER TABLE app.person DISABLE TRIGGER person_off;
COMMENT ON TABLE app.person IS E'people\nof two lines';
COMMENT ON COLUMN app.person.note IS 'a "note"';
COMMENT ON CONSTRAINT short_note ON app.person IS 'short';
COMMENT ON TRIGGER person_touch ON app.person IS 'touches';
COMMENT ON INDEX app.person_names IS 'by name';
CREATE TABLE app.employee (
  person integer PRIMARY KEY REFERENCES app.person ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
  boss integer REFERENCES app.employee ON DELETE SET NULL, salary numeric(12,4) NOT NULL, ticket integer DEFAULT nextval('app.tickets')
);
CREATE TABLE app.booking (
  room integer, during tstzrange, EXCLUDE USING gist (during WITH &&) WHERE (room = 1),
  UNIQUE NULLS NOT DISTINCT (room, during)
);
CREATE TABLE app.measure (at timestamptz NOT NULL, sensor integer NOT NULL, value double precision CHECK (value > -300),
  PRIMARY KEY (at, sensor)) PARTITION BY RANGE (at);
CREATE TABLE app.measure_2025 PARTITION OF app.measure FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2026-01-01 00:00+00');
CREATE TABLE app.measure_2026 (sensor integer NOT NULL, value double precision CONSTRAINT measure_value_check CHECK (value > -300), at timestamptz NOT NULL);
ALTER TABLE app.measure ATTACH PARTITION app.measure_2026 FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2027-01-01 00:00+00');
CREATE TABLE app.measure_rest PARTITION OF app.measure DEFAULT PARTITION BY LIST (sensor);
CREATE TABLE app.measure_rest_1 PARTITION OF app.measure_rest FOR VALUES IN (1, 2);
CREATE TABLE app.measure_rest_other PARTITION OF app.measure_rest DEFAULT;
CREATE INDEX measure_sensor ON app.measure (sensor);
CREATE TABLE app.reading (id bigserial PRIMARY KEY, at timestamptz, sensor integer, FOREIGN KEY (at, sensor) REFERENCES app.measure);
CREATE TRIGGER measure_touch AFTER INSERT ON app.measure FOR EACH ROW EXECUTE FUNCTION app.touch();
ALTER TABLE app.measure DISABLE TRIGGER measure_touch;
CREATE UNLOGGED TABLE app.cache (key text PRIMARY KEY, value jsonb);
CREATE TABLE "Odd schema ""x"".y"."Select" ("from" text, "quote""d" integer, "semi;colon" text, "über" bytea, PRIMARY KEY ("from", "quote""d"));
COMMENT ON COLUMN "Odd schema ""x"".y"."Select"."quote""d" IS 'quoted';
CREATE TABLE app.no_columns ();
CREATE TABLE app.no_key (a integer, b text);
ALTER TABLE app.no_key REPLICA IDENTITY FULL;
CREATE TABLE app.every_type (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), i2 smallint, i8 bigint, n numeric, r real, d double precision, m money, b boolean,
  c char(5), vc varchar(7), t text, ba bytea, ts timestamp(3), tz timestamptz, tt time, ttz timetz, dt date, iv interval, j json, jb jsonb,
  x xml, ip inet, ci cidr, mac macaddr, bits bit(5), vbits bit varying, pt point, poly polygon, tsv tsvector, tsq tsquery,
  ia integer[], ta text[][], nr numrange, nmr nummultirange, u8 xid8, rel regclass, nm name, ch "char", lsn pg_lsn
);
CREATE VIEW app.people AS SELECT p.*, e.salary FROM app.person p LEFT JOIN app.employee e ON e.person = p.id;
CREATE VIEW app.grouped AS SELECT p.id, p.first, count(e.person) AS n FROM app.person p LEFT JOIN app.employee e ON e.boss = p.id GROUP BY p.id;
CREATE VIEW app.checked WITH (security_barrier = true) AS SELECT * FROM app.no_key WHERE a > 0 WITH LOCAL CHECK OPTION;
CREATE MATERIALIZED VIEW app.totals AS SELECT mood, count(*) AS n, sum(salary) AS s FROM app.people GROUP BY mood;
CREATE UNIQUE INDEX totals_mood ON app.totals (mood);
CREATE MATERIALIZED VIEW app.empty_totals AS SELECT * FROM app.totals WITH NO DATA;
CREATE FUNCTION app.people_of(m app.mood) RETURNS SETOF app.people LANGUAGE sql STABLE AS $$ SELECT * FROM app.people WHERE mood = m $$;
CREATE VIEW app.happy AS SELECT full_name FROM app.people_of('happy');
COMMENT ON VIEW app.people IS 'all of them';
COMMENT ON MATERIALIZED VIEW app.totals IS 'sums';
CREATE RULE no_delete AS ON DELETE TO app.no_key DO INSTEAD NOTHING;
CREATE FUNCTION app.insert_person() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO app.person (first, last) VALUES (NEW.first, NEW.last); RETURN NEW; END $$;
CREATE TRIGGER people_insert INSTEAD OF INSERT ON app.people FOR EACH ROW EXECUTE FUNCTION app.insert_person();
CREATE FUNCTION app.count_people() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM app.person; END;
CREATE TABLE app.with_function_default (id integer PRIMARY KEY DEFAULT 1, people bigint DEFAULT app.count_people());
CREATE TABLE app.secret (id integer PRIMARY KEY, owner text);
ALTER TABLE app.secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON app.secret AS RESTRICTIVE FOR SELECT TO PUBLIC USING (owner = current_user);
GRANT SELECT, UPDATE (owner) ON app.secret TO PUBLIC;
REVOKE EXECUTE ON FUNCTION app.touch() FROM PUBLIC;

CREATE TABLE app.part_01 (id integer PRIMARY KEY, parent integer, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_02 (id integer PRIMARY KEY, parent integer REFERENCES app.part_01, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_03 (id integer PRIMARY KEY, parent integer REFERENCES app.part_02, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_04 (id integer PRIMARY KEY, parent integer REFERENCES app.part_03, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_05 (id integer PRIMARY KEY, parent integer REFERENCES app.part_04, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_06 (id integer PRIMARY KEY, parent integer REFERENCES app.part_05, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_07 (id integer PRIMARY KEY, parent integer REFERENCES app.part_06, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_08 (id integer PRIMARY KEY, parent integer REFERENCES app.part_07, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_09 (id integer PRIMARY KEY, parent integer REFERENCES app.part_08, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_10 (id integer PRIMARY KEY, parent integer REFERENCES app.part_09, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_11 (id integer PRIMARY KEY, parent integer REFERENCES app.part_10, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_12 (id integer PRIMARY KEY, parent integer REFERENCES app.part_11, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_13 (id integer PRIMARY KEY, parent integer REFERENCES app.part_12, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_14 (id integer PRIMARY KEY, parent integer REFERENCES app.part_13, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_15 (id integer PRIMARY KEY, parent integer REFERENCES app.part_14, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_16 (id integer PRIMARY KEY, parent integer REFERENCES app.part_15, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_17 (id integer PRIMARY KEY, parent integer REFERENCES app.part_16, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_18 (id integer PRIMARY KEY, parent integer REFERENCES app.part_17, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_19 (id integer PRIMARY KEY, parent integer REFERENCES app.part_18, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_20 (id integer PRIMARY KEY, parent integer REFERENCES app.part_19, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_21 (id integer PRIMARY KEY, parent integer REFERENCES app.part_20, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_22 (id integer PRIMARY KEY, parent integer REFERENCES app.part_21, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_23 (id integer PRIMARY KEY, parent integer REFERENCES app.part_22, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_24 (id integer PRIMARY KEY, parent integer REFERENCES app.part_23, label text UNIQUE, at timestamptz DEFAULT now());
CREATE TABLE app.part_25 (id integer PRIMARY KEY, parent integer REFERENCES app.part_24, label text UNIQUE, at timestamptz DEFAULT now());

INSERT INTO app.person (first, last, email, mood, moods, place, spans, born) SELECT 'First ' || i, E'Last\t' || i || E'\\', 'p' || i || '@x.org',
  (ARRAY['sad', 'it''s ok', 'happy'])[i % 3 + 1]::app.mood, ARRAY['sad', NULL]::app.mood[], ROW(i, -i / 3.0, 'l' || i)::app.point2,
  ARRAY[app.span(i, i + 1)], DATE '1950-01-01' + i FROM generate_series(1, 300) i;
ALTER TABLE app.person DROP CONSTRAINT adult;
UPDATE app.person SET born = DATE '2024-02-02' WHERE id = 15;
ALTER TABLE app.person ADD CONSTRAINT adult CHECK (born < DATE '2020-01-01') NOT VALID;
DELETE FROM app.person WHERE id % 7 = 0;
INSERT INTO app.employee (person, boss, salary) SELECT id, NULL, id * 1.25 FROM app.person WHERE id % 2 = 0;
UPDATE app.employee SET boss = 10 WHERE person > 10;
INSERT INTO app.booking VALUES (1, '[2026-01-01, 2026-01-02)'), (NULL, NULL), (2, '[2026-01-01, 2026-01-02)');
INSERT INTO app.measure SELECT timestamptz '2024-12-01 00:00+00' + i * interval '1 day', i % 4, i / 7.0 FROM generate_series(1, 900) i;
INSERT INTO app.reading (at, sensor) SELECT at, sensor FROM app.measure WHERE sensor = 1;
INSERT INTO app.cache VALUES ('a', '{"b": [1, 2.50, null]}');
INSERT INTO "Odd schema ""x"".y"."Select" VALUES (E'tab\tline\nback\\slash', 1, '\N', '\x00ff5c'), ('', 2, NULL, '');
INSERT INTO app.no_columns DEFAULT VALUES;
INSERT INTO app.no_columns DEFAULT VALUES;
INSERT INTO app.no_key SELECT i % 5, repeat('é', i) FROM generate_series(1, 50) i;
INSERT INTO app.every_type VALUES (gen_random_uuid(), -32768, 9223372036854775807, 'NaN', 'Infinity', -0.0, '12.34', true, 'ab', 'abc', E'\u00e9\u0001', '\x00', '2026-01-01 01:02:03.456',
  '1000-01-01 00:00:00.000001 BC', '24:00', '23:59:59.999999+14', 'infinity', '1 year -2 days 03:04:05.000006', '{"a" : 1,  "a": 2}', '{"a": 1e400}',
  '<a>b</a>', '::1/64', '10.0.0.0/8', '08:00:2b:01:02:03', B'10101', B'1', '(1,2)', '((0,0),(1,1),(1,0))', 'a:1A b:2', 'a & !b',
  '[2:3]={1,2}', ARRAY[['a', NULL], ['c', '"d"']], '[1,2)', '{[1,2),[3,4)}', '123', 'app.person', 'name', 'x', '16/B374D848');
INSERT INTO app.every_type (id) VALUES (gen_random_uuid());
INSERT INTO app.with_function_default DEFAULT VALUES;
INSERT INTO app.secret VALUES (1, 'me'), (2, 'you');
SELECT nextval('app.tickets'), setval('app.untouched', 77, false);
REFRESH MATERIALIZED VIEW app.totals;
INSERT INTO app.part_01 (id, parent, label) SELECT i, NULL, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_02 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_03 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_04 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_05 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_06 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_07 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_08 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_09 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_10 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_11 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_12 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_13 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_14 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_15 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_16 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_17 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_18 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_19 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_20 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_21 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_22 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_23 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_24 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
INSERT INTO app.part_25 (id, parent, label) SELECT i, i, 'label ' || i FROM generate_series(1, 20) i;
