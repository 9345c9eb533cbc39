import {
  type CutoverDialect,
  type CutoverGrammar,
  type Dialect,
  mysqlGrammar,
  postgresGrammar,
  sqliteGrammar,
} from "@runback/core";
import { type EngineName, engineNames } from "../support/engines.ts";
import { type Family, familyOf } from "../support/family.ts";
import { rotatedEngines } from "../support/rotated-engines.ts";

const grammars: Readonly<Record<Family, CutoverGrammar>> = {
  postgres: postgresGrammar,
  mysql: mysqlGrammar,
  sqlite: sqliteGrammar,
};

/** What derives a cutover's SQL for an engine. */
export function cutoverDialect(name: string, { id, table, literal, isDistinct }: Dialect): CutoverDialect {
  return { id, table, literal, isDistinct, grammar: grammars[familyOf(name)] };
}

/** One engine of each family; every way to reach one where every engine is asked. */
export const families: readonly EngineName[] =
  process.env.RUNBACK_EVERY_ENGINE || process.env.RUNBACK_DEEP
    ? rotatedEngines
    : engineNames.filter((name) => name === "postgres" || name === "mysql" || name === "sqlite");
