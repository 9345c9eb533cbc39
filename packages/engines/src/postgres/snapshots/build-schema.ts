import { type Connection, RunbackError, type SnapshotSource } from "@runback/core";
import { literal } from "../dialect.ts";
import { useExactText } from "../session.ts";
import { copyRequest } from "./capture-moment.ts";
import type { CopySession } from "./copy-session.ts";
import type { PostgresObjects } from "./describe-schema.ts";
import type { SchemaObject } from "./schema-object.ts";

/** Bodies are checked when they are called: a function may name a table that comes after it. */
export const builderSettings = `SELECT set_config('check_function_bodies', 'off', true), set_config('statement_timeout', '0', true),
  set_config('idle_in_transaction_session_timeout', '0', true), set_config('synchronize_seqscans', 'off', true),
  set_config('maintenance_work_mem', '256MB', true), set_config('default_tablespace', '', true)`;

export async function prepareBuilder(tx: Connection): Promise<void> {
  await tx.query(useExactText);
  await tx.query(builderSettings);
}

/** Makes objects one by one, so that the one that fails is named. @throws `RESTORE_FAILED` */
export async function makeObjects(tx: Connection, objects: readonly SchemaObject[]): Promise<void> {
  for (const object of objects)
    await naming(object, async () => {
      for (const sql of object.sql) await tx.script(sql);
    });
}

async function naming(object: Pick<SchemaObject, "kind" | "name">, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof RunbackError) throw error;
    const code = String((error as { code?: unknown }).code ?? "");
    if (object.kind === "extension") {
      throw new RunbackError(
        "RESTORE_EXTENSION_MISSING",
        `The server does not offer the extension ${object.name} (${code}).`,
        {
          recovery: "Nothing was changed. Install it on the server, or restore where it is available.",
          status: 409,
          cause: error,
        },
      );
    }
    throw new RunbackError(
      "RESTORE_FAILED",
      `The database refused ${object.kind} ${object.name} of the snapshot (${code}).`,
      {
        recovery:
          "Nothing was changed. Run `runback snapshot verify` to see whether the snapshot restores elsewhere; keep it.",
        status: 409,
        cause: error,
      },
    );
  }
}

/** Loads the rows of every table that is not left out, and sets sequences where they stood. */
export async function loadRows(
  session: CopySession,
  source: SnapshotSource,
  leaveOut: (relation: string | null) => boolean,
  onTable: ((done: number, total: number) => void) | undefined,
): Promise<void> {
  const { tables } = source.schema;
  const relations = await relationNames(session, tables);
  for (const [at, table] of tables.entries()) {
    onTable?.(at, tables.length);
    const relation = relations[at]!;
    if (leaveOut(relation)) continue;
    await naming({ kind: "rows of", name: relation }, () => session.copyIn(copyRequest(table), source.data(table)));
  }
  onTable?.(tables.length, tables.length);
  const { sequences } = source.schema.objects as PostgresObjects;
  for (const { name, of, value, called } of sequences) {
    if (leaveOut(of ?? name)) continue;
    await session.query(`SELECT setval(${literal(name)}::regclass, $1::bigint, $2::boolean)`, [value, called]);
  }
}

/** Relations as the definitions name them. */
export async function relationNames(
  tx: Connection,
  refs: readonly { readonly schema: string; readonly name: string }[],
): Promise<string[]> {
  const { rows } = await tx.query<{ relation: string }>(
    `SELECT format('%I.%I', r.value ->> 'schema', r.value ->> 'name') AS relation
     FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY r ORDER BY r.ordinality`,
    [JSON.stringify(refs.map(({ schema, name }) => ({ schema, name })))],
  );
  return rows.map((row) => row.relation);
}
