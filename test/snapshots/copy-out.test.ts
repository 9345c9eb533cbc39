import { expect, test } from "vitest";
import { emptyDatabase } from "./site.ts";

// The driver pauses its socket for a reader that is behind. When the end of the rows came with what it paused for, nobody
// resumed it, and the next statement of the session waited for ever.
test("a session answers after a slow reader, wherever the rows end", { timeout: 30_000 }, async () => {
  await using database = await emptyDatabase("postgres");
  const { engine } = database;
  await engine.script("CREATE TABLE public.wide (text text)");
  for (let kilobytes = 1276; kilobytes <= 1340; kilobytes += 16) {
    await engine.script(
      `TRUNCATE public.wide; INSERT INTO public.wide SELECT repeat('x', 1018) FROM generate_series(1, ${kilobytes})`,
    );
    await engine.snapshots!.capture(async (moment) => {
      const table = moment.schema.tables[0]!;
      for (let time = 0; time < 3; time++) {
        const { rows, value } = await moment.read(table, async (chunks) => {
          let bytes = 0;
          for await (const chunk of chunks) {
            bytes += chunk.byteLength;
            // Turns of the event loop, in which everything arrives that the driver lets in.
            for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
          }
          return bytes;
        });
        expect([rows, value > kilobytes * 1018]).toEqual([kilobytes, true]);
      }
    });
  }
});
