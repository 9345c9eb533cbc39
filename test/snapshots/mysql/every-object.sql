-- Every kind of object that a snapshot of MariaDB carries, in names and values that are hard to quote. 44 tables.
CREATE SEQUENCE tickets START WITH 100 INCREMENT BY 7 MAXVALUE 5000 CACHE 3 CYCLE;
CREATE SEQUENCE untouched START WITH 42;
CREATE FUNCTION full_name(first_name text, last_name text) RETURNS text DETERMINISTIC COMMENT 'two names' RETURN concat(first_name, ' ', last_name);
CREATE PROCEDURE nothing(INOUT n int) BEGIN -- a comment with $$ in it
  SET n = n + 1; END;
CREATE TABLE person (
  id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, first varchar(50) NOT NULL, last varchar(50) CHARACTER SET latin1 NOT NULL,
  whole varchar(120) GENERATED ALWAYS AS (concat(first, ' ', convert(last USING utf8mb4))) STORED, upper_last varchar(50) AS (upper(last)) VIRTUAL,
  email varchar(100) COLLATE utf8mb4_bin, mood enum('sad', 'it''s ok', 'happy') DEFAULT 'happy', moods set('a', 'b', 'c/d'),
  share decimal(5, 2) DEFAULT 50, touched timestamp(6) NULL, born date, note varchar(200) DEFAULT 'it''s' COMMENT 'a "note"
of two lines', kind varchar(10) DEFAULT 'a', hidden int INVISIBLE DEFAULT 7,
  CONSTRAINT short_note CHECK (char_length(note) < 200), CONSTRAINT known_kind CHECK (kind IN ('a', 'b', 'c')),
  UNIQUE KEY person_email (email), KEY person_names (last DESC, first(10)) COMMENT 'by name', KEY ignored (born) IGNORED
) ENGINE = InnoDB AUTO_INCREMENT = 5000 CHARACTER SET utf8mb4 COMMENT = 'people; "all" AUTO_INCREMENT=7';
CREATE TABLE employee (
  person int unsigned PRIMARY KEY, boss int unsigned, salary decimal(12, 4) NOT NULL, ticket bigint DEFAULT (nextval(tickets)),
  CONSTRAINT is_person FOREIGN KEY (person) REFERENCES person (id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT has_boss FOREIGN KEY (boss) REFERENCES employee (person) ON DELETE SET NULL
) ENGINE = InnoDB;
CREATE TABLE measure (at datetime NOT NULL, sensor int NOT NULL, value double CHECK (value > -300), PRIMARY KEY (at, sensor), KEY (sensor))
  ENGINE = InnoDB PARTITION BY RANGE (year(at)) (PARTITION p2025 VALUES LESS THAN (2026), PARTITION p2026 VALUES LESS THAN (2027), PARTITION rest VALUES LESS THAN MAXVALUE);
CREATE TABLE hashed (id int PRIMARY KEY, v int) ENGINE = InnoDB PARTITION BY HASH (id) PARTITIONS 4;
CREATE TABLE circle_a (id int PRIMARY KEY, b int, KEY (b)) ENGINE = InnoDB;
CREATE TABLE circle_b (id int PRIMARY KEY, a int, FOREIGN KEY (a) REFERENCES circle_a (id)) ENGINE = InnoDB;
ALTER TABLE circle_a ADD FOREIGN KEY (b) REFERENCES circle_b (id);
CREATE TABLE `Odd ``x``.y` (`from` varchar(50), `quote"d` int, `semi;colon` text, `über` blob, PRIMARY KEY (`from`, `quote"d`)) ENGINE = InnoDB;
CREATE TABLE no_key (a int, b text CHARACTER SET utf8mb4) ENGINE = InnoDB;
CREATE TABLE unique_only (a int NOT NULL, b int, UNIQUE KEY (a), KEY (b)) ENGINE = InnoDB;
CREATE TABLE late_auto (a int PRIMARY KEY, n int NOT NULL AUTO_INCREMENT, KEY (n)) ENGINE = InnoDB;
CREATE TABLE searched (id int PRIMARY KEY, t text, u text, place point NOT NULL, FULLTEXT KEY words (t), FULLTEXT KEY more (t, u), SPATIAL KEY (place)) ENGINE = InnoDB;
CREATE TABLE packed (id int PRIMARY KEY, t longtext) ENGINE = InnoDB ROW_FORMAT = COMPRESSED KEY_BLOCK_SIZE = 8;
CREATE TABLE long_unique (id int PRIMARY KEY, t text, UNIQUE KEY (t)) ENGINE = InnoDB;
CREATE TABLE every_type (
  id int PRIMARY KEY, t1 tinyint, t1u tinyint unsigned, i2 smallint zerofill, i3 mediumint, i8 bigint, i8u bigint unsigned, n decimal(65, 30), r float, rn float(7, 4), d double, dn double(10, 2),
  b bool, bits bit(5), wide bit(64), c char(5), vc varchar(7) CHARACTER SET latin1, u16 varchar(20) CHARACTER SET utf16, u2 varchar(20) CHARACTER SET ucs2, bin5 binary(5), vb varbinary(20), bl blob, lb longblob,
  tt tinytext, mt mediumtext, j json, e enum('', 'x', 'é'), s set('p', 'q', 'r'), y year, dt date, tm time(6), ts timestamp(6) NULL, tz timestamp NOT NULL DEFAULT '2000-01-01 00:00:00', dtt datetime(6),
  g geometry, p point, u uuid, i4 inet4, i6 inet6, gbk varchar(20) CHARACTER SET gbk
) ENGINE = InnoDB CHARACTER SET utf8mb4;
CREATE VIEW b_people AS SELECT p.*, e.salary FROM person p LEFT JOIN employee e ON e.person = p.id;
CREATE ALGORITHM = MERGE SQL SECURITY INVOKER VIEW a_happy AS SELECT whole, full_name(first, 'é') AS f FROM b_people WHERE mood = 'happy';
CREATE VIEW checked AS SELECT * FROM no_key WHERE a > 0 WITH LOCAL CHECK OPTION;
CREATE FUNCTION count_people() RETURNS bigint READS SQL DATA SQL SECURITY INVOKER RETURN (SELECT count(*) FROM b_people);
CREATE TRIGGER `person_second` BEFORE UPDATE ON `person` FOR EACH ROW SET NEW.touched = '2026-01-01';
CREATE TRIGGER `person_first` BEFORE UPDATE ON `person` FOR EACH ROW PRECEDES person_second BEGIN -- it's first; "quoted"
  IF NEW.note = 'boom' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'boom'; END IF; END;
CREATE TRIGGER `odd ``trigger``` AFTER INSERT ON `Odd ``x``.y` FOR EACH ROW INSERT INTO no_key VALUES (NEW.`quote"d`, 'from ; a trigger');
SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT', collation_connection = utf8mb4_unicode_ci;
CREATE FUNCTION ansi(n int) RETURNS text DETERMINISTIC RETURN 'n' || n || 'é';
CREATE TRIGGER `ansi` AFTER DELETE ON `no_key` FOR EACH ROW SET @gone = 'a' || OLD."b";
SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', collation_connection = utf8mb4_bin;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 03:00:00' ON COMPLETION PRESERVE ENABLE COMMENT 'it''s nightly' DO DELETE FROM no_key WHERE a < 0;
CREATE EVENT `off` ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2026-01-01 03:00:00' DISABLE DO BEGIN SET @x = 1; SET @x = 2; END;
CREATE TABLE part_01 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label)) ENGINE = InnoDB;
CREATE TABLE part_02 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_01 (id)) ENGINE = InnoDB;
CREATE TABLE part_03 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_02 (id)) ENGINE = InnoDB;
CREATE TABLE part_04 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_03 (id)) ENGINE = InnoDB;
CREATE TABLE part_05 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_04 (id)) ENGINE = InnoDB;
CREATE TABLE part_06 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_05 (id)) ENGINE = InnoDB;
CREATE TABLE part_07 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_06 (id)) ENGINE = InnoDB;
CREATE TABLE part_08 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_07 (id)) ENGINE = InnoDB;
CREATE TABLE part_09 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_08 (id)) ENGINE = InnoDB;
CREATE TABLE part_10 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_09 (id)) ENGINE = InnoDB;
CREATE TABLE part_11 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_10 (id)) ENGINE = InnoDB;
CREATE TABLE part_12 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_11 (id)) ENGINE = InnoDB;
CREATE TABLE part_13 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_12 (id)) ENGINE = InnoDB;
CREATE TABLE part_14 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_13 (id)) ENGINE = InnoDB;
CREATE TABLE part_15 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_14 (id)) ENGINE = InnoDB;
CREATE TABLE part_16 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_15 (id)) ENGINE = InnoDB;
CREATE TABLE part_17 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_16 (id)) ENGINE = InnoDB;
CREATE TABLE part_18 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_17 (id)) ENGINE = InnoDB;
CREATE TABLE part_19 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_18 (id)) ENGINE = InnoDB;
CREATE TABLE part_20 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_19 (id)) ENGINE = InnoDB;
CREATE TABLE part_21 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_20 (id)) ENGINE = InnoDB;
CREATE TABLE part_22 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_21 (id)) ENGINE = InnoDB;
CREATE TABLE part_23 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_22 (id)) ENGINE = InnoDB;
CREATE TABLE part_24 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_23 (id)) ENGINE = InnoDB;
CREATE TABLE part_25 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_24 (id)) ENGINE = InnoDB;
CREATE TABLE part_26 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_25 (id)) ENGINE = InnoDB;
CREATE TABLE part_27 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_26 (id)) ENGINE = InnoDB;
CREATE TABLE part_28 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_27 (id)) ENGINE = InnoDB;
CREATE TABLE part_29 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_28 (id)) ENGINE = InnoDB;
CREATE TABLE part_30 (id int PRIMARY KEY, parent int, label varchar(50) CHARACTER SET utf8mb4, at datetime DEFAULT '2026-01-01 00:00:00', UNIQUE KEY (label), FOREIGN KEY (parent) REFERENCES part_29 (id)) ENGINE = InnoDB;
INSERT INTO person (first, last, email, mood, moods, born) SELECT concat('First ', seq), concat('L\tast \\é', seq), concat('p', seq, '@x.org'),
  1 + seq % 3, seq % 8, DATE '1950-01-01' + INTERVAL seq DAY FROM seq_1_to_300;
DELETE FROM person WHERE id % 7 = 0;
INSERT INTO employee (person, boss, salary) SELECT id, NULL, id * 1.25 FROM person WHERE id % 2 = 0;
UPDATE employee SET boss = (SELECT min(person) FROM (SELECT person FROM employee) e) WHERE person % 4 = 0;
SET SESSION foreign_key_checks = 0;
UPDATE employee SET boss = 1 WHERE person = (SELECT max(person) FROM (SELECT person FROM employee) e);
SET SESSION foreign_key_checks = 1;
INSERT INTO measure SELECT '2025-06-01' + INTERVAL seq DAY, seq % 4, seq / 7 FROM seq_1_to_900;
INSERT INTO hashed SELECT seq, seq * seq FROM seq_1_to_100;
INSERT INTO circle_a VALUES (1, NULL); INSERT INTO circle_b VALUES (1, 1); UPDATE circle_a SET b = 1;
INSERT INTO `Odd ``x``.y` VALUES ('tab\tline\nback\\slash''', 1, '\\N', x'00ff5c'), ('', 2, NULL, '');
INSERT INTO no_key SELECT seq % 5, repeat('é', seq) FROM seq_1_to_50;
INSERT INTO unique_only SELECT seq * 7 % 101, -seq FROM seq_1_to_100;
INSERT INTO late_auto SELECT 1000 - seq, seq * 3 FROM seq_1_to_50;
INSERT INTO searched SELECT seq, concat('word', seq, ' the fox'), 'more', point(seq, -seq) FROM seq_1_to_20;
INSERT INTO packed SELECT seq, repeat(md5(seq), 1000) FROM seq_1_to_20;
INSERT INTO long_unique SELECT seq, repeat(md5(seq), 200) FROM seq_1_to_20;
INSERT INTO every_type VALUES (0, -128, 255, 7, -8388608, -9223372036854775808, 18446744073709551615, '-12345678901234567890123456789012345.000000000000000000000000000001', 1.1, 3.1416, '-0', 1.005,
  true, b'10101', b'1111111111111111111111111111111111111111111111111111111111111111', 'ab ', 'café ', 'hé😀', '你', 'a\0b', x'00ff27225c0a1a', x'', x'deadbeef00',
  'it''s\\', '\n\r\Z\0"', '{"a" : 1,  "a": 2.50}', 'é', 'p,r', 0, '0000-00-00', '-838:59:59.999999', '1970-01-01 00:00:01.000001', '2038-01-19 03:14:07', '2026-02-31 23:59:59.999999',
  ST_GeomFromText('POLYGON((0 0,1 1,1 0,0 0))', 4326), point(1, 2), '123e4567-e89b-12d3-a456-426655440000', '10.0.0.1', '::1', '你'),
  (2, 127, 0, 65535, 8388607, 9223372036854775807, 0, '0.1', 3.4028234e38, -1e-3, 1.7976931348623157e308, -0.01, false, b'0', 0, '', '', '', '', '', '', NULL, NULL, '', '', 'null', '', '', 2155, '9999-12-31', '00:00:00', '0000-00-00 00:00:00', '0000-00-00 00:00:00', '0000-00-00 00:00:00.000000', NULL, NULL, NULL, NULL, NULL, '');
INSERT INTO every_type (id, r, d) VALUES (3, 0.1, 0.1), (-4, 16777217, 5e-324);
SET SESSION sql_mode = '';
INSERT IGNORE INTO every_type (id, e) VALUES (5, 'no such');
SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES';
DO nextval(tickets), setval(untouched, 77, 0);
INSERT INTO part_01 (id, parent, label) SELECT seq, NULL, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_02 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_03 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_04 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_05 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_06 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_07 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_08 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_09 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_10 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_11 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_12 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_13 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_14 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_15 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_16 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_17 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_18 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_19 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_20 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_21 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_22 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_23 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_24 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_25 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_26 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_27 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_28 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_29 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
INSERT INTO part_30 (id, parent, label) SELECT seq, seq, concat('label ', seq) FROM seq_1_to_20;
