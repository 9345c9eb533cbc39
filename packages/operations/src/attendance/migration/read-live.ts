import { auditName, type LiveAttendance, participantsName, removedName } from "@runback/attendance";
import {
  type Asked,
  type Catalog,
  type Connection,
  type Engine,
  findTable,
  qualifiedName,
  sameTable,
  type Table,
} from "@runback/core";

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
    cascadesFireTriggers: engine.capabilities.cascadesFireTriggers,
    cascades: participants ? cascadesOf(tables, participants) : [],
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

const passive = ["no action", "restrict"];

/** Foreign keys that act on rows of participants, and those through which participants act on others. */
function cascadesOf(tables: readonly Table[], participants: Table): string[] {
  return tables.flatMap((table) =>
    table.foreignKeys
      .filter(
        ({ references, onDelete, onUpdate }) =>
          (sameTable(table, participants) || sameTable(references, participants)) &&
          !(passive.includes(onDelete) && passive.includes(onUpdate)),
      )
      .map(
        ({ name, references, onDelete, onUpdate }) =>
          `foreign key ${name} of ${table.name} to ${qualifiedName(references)} (ON DELETE ${onDelete}, ON UPDATE ${onUpdate})`,
      ),
  );
}
