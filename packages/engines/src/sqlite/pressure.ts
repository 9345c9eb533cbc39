import type { Connection, Pressure } from "@runback/core";

/** Who waits for the file's lock cannot be seen; whether somebody else got it since can. */
export async function pressure(tx: Connection, last: string | null): Promise<Pressure> {
  const { rows } = await tx.query<{ data_version: number }>("PRAGMA data_version");
  const commits = String(rows[0]!.data_version);
  return { waiting: null, others: last !== null && last !== commits, commits };
}
