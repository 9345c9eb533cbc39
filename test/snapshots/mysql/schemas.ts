import { readFileSync } from "node:fs";

/** Every kind of object that a snapshot carries, with rows. */
export const everyObject = readFileSync(new URL("./every-object.sql", import.meta.url), "utf8");

/** A small target: a foreign key, an AUTO_INCREMENT column, a trigger, a routine, and a view over the audit trail. */
export const shop = `
CREATE TABLE customer (id int PRIMARY KEY, name varchar(100) NOT NULL, changes int NOT NULL DEFAULT 0) ENGINE = InnoDB;
CREATE TABLE orders (id int AUTO_INCREMENT PRIMARY KEY, customer int NOT NULL, state enum('open', 'paid') DEFAULT 'open',
  CONSTRAINT of_customer FOREIGN KEY (customer) REFERENCES customer (id)) ENGINE = InnoDB;
CREATE TABLE WaSyncState (id int PRIMARY KEY, lastFullSync datetime(6), lastIncSync datetime(6)) ENGINE = InnoDB;
CREATE VIEW trail AS SELECT action FROM AuditLog;
CREATE VIEW paying AS SELECT c.name FROM customer c JOIN orders o ON o.customer = c.id WHERE o.state = 'paid';
CREATE FUNCTION customers() RETURNS int READS SQL DATA RETURN (SELECT count(*) FROM customer);
CREATE TRIGGER count_changes BEFORE UPDATE ON customer FOR EACH ROW SET NEW.changes = OLD.changes + 1;
INSERT INTO customer (id, name) SELECT seq, concat('customer ', seq) FROM seq_1_to_50;
INSERT INTO orders (customer) SELECT seq FROM seq_1_to_50;
INSERT INTO WaSyncState VALUES (1, utc_timestamp(6), utc_timestamp(6));`;
