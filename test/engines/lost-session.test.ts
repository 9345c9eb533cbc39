import postgres from "postgres";
import { expect, test } from "vitest";
import { createDatabase } from "../support/database.ts";

// Mended after install (scripts/mend-driver.mjs): without that, the process ends here.
test("a statement on a session that the server ended is refused, and the process lives", async () => {
  await using database = await createDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const other = postgres(database.url, { max: 1, onnotice: () => {} });
  try {
    const session = await sql.reserve();
    const [{ pid }] = (await session`SELECT pg_backend_pid() AS pid`) as unknown as [{ pid: number }];
    await session`SELECT 1`;
    await other`SELECT pg_terminate_backend(${pid})`;
    // Long enough for the end of the session to arrive.
    await expect.poll(async () => (await other`SELECT FROM pg_stat_activity WHERE pid = ${pid}`).count).toBe(0);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    await expect(session`SELECT 2`).rejects.toMatchObject({
      code: expect.stringMatching(/CONNECTION_CLOSED|57P01|ECONNRESET/),
    });
    await expect(session`SELECT 3`).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  } finally {
    await sql.end({ timeout: 0 });
    await other.end();
  }
});
