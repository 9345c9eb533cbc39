import type { Connection, Run } from "@runback/core";
import type { Context } from "../context.ts";
import { raiseAlert, resolveAlert } from "./raise-alert.ts";

type Alerting = Pick<Context, "engine" | "clock" | "target">;

/** The check that a run answers for: all of its kind and migration are one. */
export const checkOf = (run: Run) => `run:${run.kind}:${run.migration}`;

/** A live run failed. A dry run is watched by whoever asked for it. */
export async function raiseRunAlert(
  { engine, clock, target = "default" }: Alerting,
  tx: Connection,
  run: Run | undefined,
  code: string,
): Promise<void> {
  if (run?.mode !== "live") return;
  const title = `Run ${run.runId} (${run.kind} of ${run.migration}) failed`;
  const finding = {
    check: checkOf(run),
    target,
    severity: "error" as const,
    title,
    code,
    reasons: [],
    runId: run.runId,
  };
  await raiseAlert(tx, engine.dialect, finding, clock.now());
}

/** A live run that completed answers for those of its kind and migration that failed before. */
export async function resolveRunAlert(
  { engine, clock, target = "default" }: Alerting,
  tx: Connection,
  runId: string,
): Promise<void> {
  const run = await engine.store.run(tx, runId);
  if (run?.mode === "live") await resolveAlert(tx, engine.dialect, { check: checkOf(run), target }, clock.now());
}
