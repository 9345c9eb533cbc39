import { expect, test } from "vitest";
import { besidesNullability, withNullability } from "./column-definition.ts";

test.each([
  ["varchar(32) DEFAULT NULL", "varchar(32) NOT NULL"],
  ["varchar(32) NOT NULL", "varchar(32) NOT NULL"],
  [
    "varchar(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL COMMENT 'x NOT NULL'",
    "varchar(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'x NOT NULL'",
  ],
  ["timestamp NULL DEFAULT NULL", "timestamp NOT NULL"],
  [
    "timestamp NULL DEFAULT current_timestamp() ON UPDATE current_timestamp()",
    "timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp()",
  ],
  ["enum('a','not null','it''s') DEFAULT 'not null'", "enum('a','not null','it''s') NOT NULL DEFAULT 'not null'"],
  ["int(11) DEFAULT NULL CHECK (`a` is not null or `b` > 0)", "int(11) NOT NULL CHECK (`a` is not null or `b` > 0)"],
  ["int unsigned DEFAULT NULL /*!80023 INVISIBLE */", "int unsigned NOT NULL /*!80023 INVISIBLE */"],
  ["json DEFAULT NULL", "json NOT NULL"],
])("%s becomes NOT NULL", (before, after) => {
  expect(withNullability(before, false)).toBe(after);
  expect(besidesNullability(before)).toBe(besidesNullability(after));
});

test.each([
  ["varchar(32) NOT NULL", "varchar(32) NULL"],
  ["varchar(32) NOT NULL DEFAULT 'NOT NULL' COMMENT 'it\\'s'", "varchar(32) NULL DEFAULT 'NOT NULL' COMMENT 'it\\'s'"],
  ["timestamp NOT NULL DEFAULT current_timestamp()", "timestamp NULL DEFAULT current_timestamp()"],
  ["varchar(32) DEFAULT NULL", "varchar(32) NULL DEFAULT NULL"],
])("%s takes NULL", (before, after) => {
  expect(withNullability(before, true)).toBe(after);
});

test("a generated column is left to people", () => {
  expect(withNullability("int(11) GENERATED ALWAYS AS (`a` + 1) VIRTUAL", false)).toBeNull();
});
