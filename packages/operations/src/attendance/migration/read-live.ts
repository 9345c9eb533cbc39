import { auditName, type LiveAttendance, participantsName, removedName } from "@runback/attendance";
import { type Asked, type Catalog, type Connection, type Engine, findTable, type Table } from "@runback/core";

/** What the target has of the attendance migration at this moment. Every step asks again: nothing is remembered. */
export async function readLive(engine: Engine, catalog?: Catalog): Promise<LiveAttendance> {
  const { tables } = catalog ?? (await engine.catalog());
  const participants = findTable({ tables }, participantsName);
  const audit = participants && findTable({ tables }, `${participants.schema}.${auditName}`);
  const { ddl } = engine.dialect;
  return {
    participants,
    audit,
    halfRemoved:
      participants !== undefined && findTable({ tables }, `${participants.schema}.${removedName}`) !== undefined,
    indexes: {
      participants: await indexesOf(engine, participants),
      audit: await indexesOf(engine, audit),
    },
    statusDefault: participants
      ? ((await ask<{ value: string | null }>(engine, ddl.columnDefault(participants, "attendance_status")))[0]
          ?.value ?? null)
      : null,
  };
}

export async function ask<R extends object>(connection: Connection, { text, params }: Asked): Promise<R[]> {
  return (await connection.query<R>(text, params)).rows;
}

async function indexesOf(engine: Engine, table: Table | undefined): Promise<LiveAttendance["indexes"]["participants"]> {
  if (table === undefined) return new Map();
  const rows = await ask<{ name: string; column_name: string | null }>(engine, engine.dialect.ddl.indexes(table));
  return new Map(
    [...Map.groupBy(rows, ({ name }) => name)].map(([name, parts]) => [name, parts.map((part) => part.column_name)]),
  );
}
