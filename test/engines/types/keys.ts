import type { TypeCase } from "./values.ts";

export interface KeyCase extends TypeCase {
  /** Two values that the type calls equal although their bytes differ. */
  readonly equal?: readonly [string, string];
}

const numbered = (type: string, value: (n: number) => string, more: Partial<KeyCase> = {}): KeyCase => ({
  type,
  values: [1, 2, 3, 4, 5, 6].map(value),
  ...more,
});

/** Types that tables are keyed by, with six different values each. */
export const keyCases: readonly KeyCase[] = [
  numbered("uuid", (n) => `'00000000-0000-0000-0000-00000000000${n}'`),
  numbered("integer", (n) => `${n}`),
  numbered("bigint", (n) => `900719925474099${n}`),
  numbered("text", (n) => `E'k${n}\\t\\n''" '`),
  numbered("character(6)", (n) => `'k${n} '`),
  numbered("bpchar", (n) => `'k${n}'`, { equal: ["'k1'", "'k1  '"] }),
  numbered("numeric", (n) => `${n}.5`, { equal: ["1.0", "1.00"] }),
  numbered("double precision", (n) => `${n}.1`, { equal: ["'0'", "'-0'"] }),
  numbered("interval", (n) => `'${n} mons'`, { equal: ["'1 day'", "'24 hours'"] }),
  numbered("bytea", (n) => `decode('005c${n}${n}ff', 'hex')`),
  numbered("date", (n) => `'000${n}-02-03 BC'`),
  numbered("timestamptz", (n) => `'2024-11-03 01:30:00.00000${n}-07'`),
  numbered("time with time zone", (n) => `'12:00:00+05:5${n}'`),
  numbered("inet", (n) => `'10.0.0.${n}/8'`),
  numbered("jsonb", (n) => `'{"k": ${n}}'`, { equal: [`'{"k": 1.0}'`, `'{"k": 1.00}'`] }),
  numbered("int4range", (n) => `'[${n},10)'`),
  numbered("numeric[]", (n) => `ARRAY[${n}, 1.50]`, { equal: ["ARRAY[1.0]", "ARRAY[1.00]"] }),
  numbered("@.mood", (n) => `'m${n}'`, { setup: "CREATE TYPE @.mood AS ENUM ('m1', 'm2', 'm3', 'm4', 'm5', 'm6')" }),
  numbered("@.pair", (n) => `ROW(${n}, 'x y')`, {
    setup: "CREATE TYPE @.pair AS (a numeric, b text)",
    equal: ["ROW(1.0, 'x')", "ROW(1.00, 'x')"],
  }),
  numbered("@.code", (n) => `'c${n}'`, { setup: "CREATE DOMAIN @.short AS char(4); CREATE DOMAIN @.code AS @.short" }),
  numbered("regclass", (n) => `${2_600 + n}::oid::regclass`),
  numbered("text COLLATE @.ci", (n) => `'Key${n}'`, {
    setup: "CREATE COLLATION @.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
    needs: "SELECT 'a' < 'b' COLLATE \"und-x-icu\"",
    equal: ["'key'", "'KEY'"],
  }),
];
