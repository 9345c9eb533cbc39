import { describe, expect, test } from "vitest";
import { engineNames, freshTarget } from "../support/engines.ts";
import { startRun } from "../support/journaled.ts";

describe.each(engineNames)("runs on %s", (name) => {
  test("each counts its own steps, alone and in a list", async () => {
    await using target = await freshTarget(name);
    const { engine } = target;
    const [one, two, none] = [
      await startRun(engine, "exec"),
      await startRun(engine, "exec"),
      await startRun(engine, "exec"),
    ];
    await engine.transaction(async (tx) => {
      for (const runId of [one, two, two])
        await engine.store.addStep(tx, { runId, name: "step", rows: 3, durationMs: 1 });
    });
    const { runs } = await engine.store.runs(engine, { limit: 10 });
    expect(Object.fromEntries(runs.map((run) => [run.runId, run.steps]))).toEqual({ [one]: 1, [two]: 2, [none]: 0 });
    for (const [runId, steps] of [
      [one, 1],
      [two, 2],
      [none, 0],
    ] as const) {
      expect((await engine.store.run(engine, runId))?.steps).toBe(steps);
      expect((await engine.store.steps(engine, runId)).map(({ seq }) => seq)).toEqual([1, 2].slice(0, steps));
    }
  });
});
