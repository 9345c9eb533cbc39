import type { Connection, Pressure } from "@runback/core";

/** Who waits for the file's lock cannot be seen; whether somebody else got it since can. */
export async function pressure(tx: Connection): Promise<Pressure> {
  const { rows } = await tx.query<{ data_version: number }>("PRAGMA data_version");
  return { waiting: null, commits: String(rows[0]!.data_version) };
}
