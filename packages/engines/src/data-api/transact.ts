import type { TransactionOptions } from "@runback/core";
import type { Client } from "./client.ts";
import { type Session, session } from "./session.ts";

/** Runs work in one transaction of the service. Nothing survives outside of one, so every statement is in one. */
export async function transact<T>(
  client: Client,
  work: (session: Session) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const transactionId = await client.begin();
  const current = session(client, transactionId);
  let writer: string | undefined;
  let result: T;
  try {
    const { isolation, readOnly } = options;
    if (isolation === "snapshot" || readOnly) {
      await current.execute(
        `SET TRANSACTION ISOLATION LEVEL ${isolation === "snapshot" ? "REPEATABLE READ" : "READ COMMITTED"}${readOnly ? " READ ONLY" : ""}`,
        [],
      );
    }
    writer = await begin(current, options);
    result = await work(current);
  } catch (error) {
    current.end();
    // Its locks would stay for three minutes otherwise. When this fails too, the service ends it then.
    await client.rollback(transactionId).catch(() => {});
    throw error;
  }
  await current.idle();
  current.end();
  await commit(client, transactionId, writer);
  return result;
}

/** Sets what holds for this transaction only, and returns its number when it may write. */
async function begin(
  current: Session,
  { lockTimeoutMs, readOnly, bulk }: TransactionOptions,
): Promise<string | undefined> {
  const values: Record<string, string> = { TimeZone: "UTC", DateStyle: "ISO, YMD" };
  if (lockTimeoutMs !== undefined) values.lock_timeout = String(Math.round(lockTimeoutMs));
  if (bulk) values.work_mem = "128MB";
  const settings = Object.entries(values).map(
    ([name, value]) => `pg_catalog.set_config('${name}', '${value}', true) AS ${name}`,
  );
  const number = readOnly ? [] : ["pg_catalog.pg_current_xact_id()::pg_catalog.text AS number"];
  const { records } = await current.execute(`SELECT ${[...number, ...settings].join(", ")}`, []);
  return readOnly ? undefined : records?.[0]?.[0]?.stringValue;
}

/**
 * A COMMIT whose answer was lost may have taken place. The database knows the fate of every transaction by its number; only
 * when it cannot be asked either is the outcome unknown to the caller too.
 */
async function commit(client: Client, transactionId: string, writer: string | undefined): Promise<void> {
  try {
    await client.commit(transactionId);
  } catch (error) {
    if (writer === undefined) throw error;
    const fate = await fateOf(client, writer).catch(() => undefined);
    if (fate === "committed") return;
    if (fate !== "in progress") throw error;
    // It never arrived.
    await client.commit(transactionId).catch(async () => {
      if ((await fateOf(client, writer)) !== "committed") throw error;
    });
  }
}

async function fateOf(client: Client, writer: string): Promise<string | undefined> {
  const transactionId = await client.begin();
  const asking = session(client, transactionId);
  try {
    const { records } = await asking.execute("SELECT pg_catalog.pg_xact_status($1::pg_catalog.xid8) AS fate", [writer]);
    return records?.[0]?.[0]?.stringValue;
  } finally {
    asking.end();
    await client.rollback(transactionId).catch(() => {});
  }
}
