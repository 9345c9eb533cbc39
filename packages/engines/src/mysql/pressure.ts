import type { Connection, Pressure } from "@runback/core";

const writes = ["insert", "insert_select", "update", "update_multi", "delete", "delete_multi", "replace", "load"];
const counters = writes.map((name) => `'Com_${name}'`).join(", ");
const waits = "Innodb_row_lock_current_waits";

interface Counter {
  readonly Variable_name: string;
  readonly Value: string | number;
}

/**
 * Sessions that wait for a row, and whether others write: the server counts statements, those of this session too. Anybody may
 * ask for these counters; who waits for whom takes a right of its own.
 */
export async function pressure(tx: Connection, last: string | null): Promise<Pressure> {
  const server = (await tx.query<Counter>(`SHOW GLOBAL STATUS WHERE Variable_name IN ('${waits}', ${counters})`)).rows;
  const own = (await tx.query<Counter>(`SHOW SESSION STATUS WHERE Variable_name IN (${counters})`)).rows;
  const { rows } = await tx.query<{ id: number | string }>("SELECT connection_id() AS id");
  const sum = (found: readonly Counter[]) =>
    found.reduce((total, { Variable_name, Value }) => total + (Variable_name === waits ? 0 : Number(Value)), 0);
  const waiting = server.find(({ Variable_name }) => Variable_name === waits);
  const [session, commits] = [`${rows[0]!.id} `, `${rows[0]!.id} ${sum(server) - sum(own)}`];
  return {
    waiting: waiting === undefined ? null : Number(waiting.Value),
    // What another session counted says nothing.
    others: last?.startsWith(session) === true && last !== commits,
    commits,
  };
}
