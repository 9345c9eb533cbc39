import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { expect } from "vitest";
import { violations } from "./invariants.ts";
import { runJob } from "./job.ts";
import { observe } from "./observe.ts";
import type { Place, Subject } from "./targets.ts";

/** The job that goes on with what an interrupted one left. */
export async function goingOn({ task }: Subject, place: Place): Promise<Subject["task"]> {
  if (task.action !== "import" || (await runState(place, task.runId)) !== undefined)
    return task.action === "import" ? { ...task, action: "resume" } : task;
  // It died before it was on record. Only here do two attempts share an id; the first one's mark would refuse the second.
  rmSync(join(place.vaultFolder, "runs"), { recursive: true, force: true });
  return task;
}

export async function runState(place: Place, runId: string): Promise<string | undefined> {
  const sql = postgres(place.databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const [run] = await sql`SELECT state FROM runback.runs WHERE run_id = ${runId}`;
    return run?.state as string | undefined;
  } finally {
    await sql.end();
  }
}

/** After an interruption: nothing is half written; resumed here, the run ends as if nothing had happened. */
export async function expectRecovery(subject: Subject, place: Place): Promise<void> {
  expect(await violations(place.databaseUrl, subject.task.runId)).toEqual([]);
  if ((await runState(place, subject.task.runId)) !== "completed")
    await runJob({ ...(await goingOn(subject, place)), databaseUrl: place.databaseUrl, vaultUrl: place.vaultUrl });
  await expectUndisturbed(subject, place);
}

export async function expectUndisturbed(subject: Subject, place: Place): Promise<void> {
  expect(await violations(place.databaseUrl, subject.task.runId)).toEqual([]);
  expect(existsSync(join(place.vaultFolder, "bundles", subject.task.runId))).toBe(true);
  expect(await observe(place, subject.task.runId)).toEqual(subject.undisturbed);
}
