import { type Engine, findTable } from "@runback/core";
import { openEngine } from "@runback/engines";
import { startRun, undo } from "../support/journaled.ts";
import { type Figure, median } from "./report.ts";
import type { Workspace } from "./workspace.ts";

const columns = `id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "memberId" uuid NOT NULL DEFAULT gen_random_uuid(), "eventId" uuid NOT NULL DEFAULT gen_random_uuid(),
  status text NOT NULL, "waitlistPosition" integer, "registeredAt" timestamptz NOT NULL DEFAULT now(), "cancelledAt" timestamptz,
  "createdAt" timestamptz NOT NULL DEFAULT now(), "updatedAt" timestamptz NOT NULL DEFAULT now()`;

/** A bulk UPDATE bare, the same UPDATE journaled, and its undo: side by side, each on freshly vacuumed pages. */
export async function journalOverhead(workspace: Workspace, rows: number, rounds: number): Promise<Figure[]> {
  const url = await workspace.database();
  const engine = await openEngine(url);
  await engine.init();
  await engine.script(
    `CREATE TABLE bench (${columns}); INSERT INTO bench (status) SELECT 'CONFIRMED' FROM generate_series(1, ${rows})`,
  );
  const catalog = await engine.catalog();
  await engine.transaction((tx) => engine.journal.enroll(tx, [findTable(catalog, "bench")!]));
  const bare: number[] = [];
  const journaled: number[] = [];
  const undone: number[] = [];
  for (let round = 0; round < rounds; round++) {
    bare.push(await timed(engine, () => engine.script(`UPDATE bench SET status = 'BARE${round}'`)));
    const runId = await startRun(engine, "exec");
    const forward = await timed(engine, () =>
      engine.transaction(async (tx) => {
        await engine.journal.begin(tx, runId);
        await tx.script(`UPDATE bench SET status = 'RUN${round}'`);
      }),
    );
    journaled.push(forward);
    undone.push(await timed(engine, () => undo(engine, runId, "abort", 50_000)));
  }
  await engine.close();
  await workspace.drop(url);
  const overhead = journaled.map((seconds, at) => seconds / bare[at]!);
  const undoRatio = undone.map((seconds, at) => seconds / journaled[at]!);
  const size = `${rows.toLocaleString("en")} rows`;
  return [
    {
      name: "journaled UPDATE / bare UPDATE",
      size,
      value: median(overhead),
      unit: "x",
      limit: 2.5,
      better: "lower",
      samples: overhead,
    },
    {
      name: "rollback of it / journaled UPDATE",
      size,
      value: median(undoRatio),
      unit: "x",
      limit: 1.0,
      better: "lower",
      samples: undoRatio,
    },
  ];
}

/** Seconds of a piece of work that starts on vacuumed pages and an empty write-ahead log. */
async function timed(engine: Engine, work: () => Promise<unknown>): Promise<number> {
  await engine.script("VACUUM bench");
  await engine.script("VACUUM runback.journal");
  await engine.script("CHECKPOINT");
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
