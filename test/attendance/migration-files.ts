import { planMigration } from "@runback/attendance";
import type { Column, Dialect, Table } from "@runback/core";

const head = [
  "-- Made from the definition of the attendance migration, for MariaDB, whose DDL knows IF NOT EXISTS. Run any number of times.",
  "-- It looks at names only: what is there in another type, `runback attendance migrate --dry-run` tells.",
];

/** The migration as the two SQL files that a runbook without Runback runs, for an application whose ids are INT. */
export function migrationFiles(dialect: Dialect): readonly [schema: string, backfill: string] {
  const column = (name: string): Column => ({
    ...{ name, number: 1, type: "int", baseType: "int", stableBinary: true, exactEquality: true, nullable: false },
    ...{ hasDefault: false, generated: false, expression: null, identity: null },
  });
  const participants: Table = {
    ...{ schema: "public", name: "event_participants", primaryKey: ["participant_id"] },
    columns: ["participant_id", "event_id", "user_id", "status"].map(column),
    ...{ foreignKeys: [], uniqueIndexes: [], partitions: [], inherits: false, userTriggers: [] },
  };
  const { steps, obstacles } = planMigration(
    {
      ...{
        participants,
        audit: undefined,
        halfRemoved: false,
        statusDefault: null,
      },
      indexes: { participants: new Map(), audit: new Map() },
    },
    dialect,
  );
  if (obstacles.length > 0) throw new Error(JSON.stringify(obstacles));
  const idempotent = (sql: string) =>
    sql
      .replace(/^(ALTER TABLE \S+ ADD COLUMN) /, "$1 IF NOT EXISTS ")
      .replace(/^CREATE (INDEX|TABLE) /, "CREATE $1 IF NOT EXISTS ");
  const backfill = "UPDATE event_participants SET attendance_status = 'unknown' WHERE attendance_status IS NULL";
  const file = (lines: readonly string[]) => `${[...head, "", ...lines.map((sql) => `${sql};`)].join("\n")}\n`;
  return [file(steps.map(({ sql }) => idempotent(sql))), file([backfill])];
}
