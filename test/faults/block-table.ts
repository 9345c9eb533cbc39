import postgres from "postgres";

export interface Block extends AsyncDisposable {
  /** Settles when a session waits for the table. */
  readonly hit: Promise<void>;
  release(): Promise<void>;
}

/** Locks a table against writers, so that the next statement that writes it is under way for as long as a test wants. */
export async function blockTable(databaseUrl: string, table: string): Promise<Block> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  await sql`BEGIN`;
  await sql`LOCK TABLE ${sql(`public.${table}`)} IN EXCLUSIVE MODE`;
  let released = false;
  const hit = (async () => {
    while (!released) {
      const waiting = await sql`SELECT FROM pg_locks WHERE relation = ${`public."${table}"`}::regclass AND NOT granted`;
      if (waiting.count > 0) return;
    }
  })();
  const release = async () => {
    if (released) return;
    released = true;
    await hit;
    await sql`ROLLBACK`;
    await sql.end();
  };
  return { hit, release, [Symbol.asyncDispose]: release };
}
