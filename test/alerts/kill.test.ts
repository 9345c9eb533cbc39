import { phaseDdl } from "@runback/core";
import { listAlerts } from "@runback/operations";
import { describe, expect, test } from "vitest";
import { saveCutover, storedCutover } from "../../packages/operations/src/cutover/stored-cutover.ts";
import { killedCutover } from "../cutover/killed-cutover.ts";
import { blowsOn, type FaultSite, faultFamilies, faultSite } from "../faults/fault-site.ts";
import { type Job, runJob, watched } from "../faults/job.ts";
import { deep, seed, seededRandom } from "../faults/seeded-random.ts";
import { inTurn } from "../support/rotated-engines.ts";
import { receiverServer } from "./receiver-server.ts";

const cutover = killedCutover();
const rounds = deep ? 12 : 1;
const blowsAtMost = deep ? 2 : 1;
/** Longer than a delivery is claimed. */
const claimHours = 0.02;

describe.each(inTurn(faultFamilies))(`alerts whose senders die on %s (RUNBACK_SEED=${seed})`, (name) => {
  test("each failure pages once and is resolved once, under one id however often it is sent", {
    timeout: 1_800_000,
  }, async () => {
    const random = seededRandom(seed);
    await using site = await faultSite(name);
    await using server = await receiverServer();
    const { engine, context } = site;
    await inPhase2(site);
    const told = { monitor: 0, deliver: 0, afterAnswer: 0 };
    const answered: string[] = [];

    const disturb = async (
      job: Pick<Job, "action"> & Partial<Job>,
      places: number,
      again: () => void,
      atMost = blowsAtMost,
    ) => {
      let blows = 0;
      // A monitor that found what it looks for ends with an error of its own.
      const isThrough = (code: string | undefined) => code === undefined || code === "CUTOVER_MISMATCH";
      for (let attempt = 0; attempt < atMost; attempt++) {
        const blow = blowsOn(name)[Math.floor(random() * blowsOn(name).length)]!;
        // Every other time where it matters most: the receiver has it, and nothing says so yet.
        const holdAt =
          job.action === "deliver" && random() < 0.5 ? "after an answer" : 1 + Math.floor(random() * places);
        const end = await site.disturbed(job, holdAt, blow);
        expect(end.stderr, `${job.action}: ${blow} at ${end.held}`).toBe("");
        if (end.held !== undefined) blows++;
        if (end.held === "after an answer") told.afterAnswer++;
        again();
        if (end.signal === null && isThrough(end.error?.code)) break;
      }
      return blows;
    };
    const through = async (job: Pick<Job, "action"> & Partial<Job>) =>
      await runJob({ ...site.job, runId: "run-alerts", now: site.now.toISOString(), ...job });
    const monitored = async (code: string | undefined) => {
      // After one that died having resolved the alert, another that cannot reach the target is a failure of its own, and pages.
      const atMost = code === undefined ? 1 : blowsAtMost;
      told.monitor += await disturb({ action: "monitor" }, 16, () => {}, atMost);
      const failed = await through({ action: "monitor" }).then(
        () => undefined,
        (error: { code: string }) => error.code,
      );
      expect(failed).toBe(code);
    };
    const delivered = async () => {
      const job = { action: "deliver", receiver: server.url } as const;
      told.deliver += await disturb(job, 14, () => site.later(claimHours));
      await through(job);
      for (const { headers } of server.kept.values()) answered.push(headers["webhook-id"]!);
    };
    const types = () => [...server.kept.values()].map(({ body }) => (JSON.parse(body) as { type: string }).type);

    for (let round = 0; round < rounds; round++) {
      // Two rows that disagree.
      await engine.query("UPDATE event_attendance SET status = 'absent' WHERE id <= 2");
      await monitored("CUTOVER_MISMATCH");
      // Sent before it is resolved, or all of it at once.
      if (random() < 0.7) await delivered();
      await engine.query("UPDATE event_attendance SET status = 'present' WHERE id <= 2");
      await monitored(undefined);
      await delivered();
      expect(types()).toEqual(
        Array.from({ length: round + 1 }, () => ["runback.alert.opened", "runback.alert.resolved"]).flat(),
      );
      const { alerts } = await listAlerts(context, { all: true, limit: 1_000 });
      expect(alerts.map(({ check, state }) => [check, state])).toEqual(
        Array.from({ length: round + 1 }, () => [watched.check, "resolved"]),
      );
    }
    // Nothing is left in the outbox, and what came twice came under an id that was known.
    const requests = server.requests;
    site.later(24);
    await through({ action: "deliver", receiver: server.url });
    expect([server.requests, server.kept.size]).toEqual([requests, 2 * rounds]);
    expect(new Set(answered)).toEqual(new Set(server.kept.keys()));
    if (deep)
      console.log(
        `${name}: ${told.monitor} blows to the monitor, ${told.deliver} to delivery, ${told.afterAnswer} of them after an answer; ${requests} requests of ${server.kept.size} events`,
      );
  });
});

/** The cutover in phase 2 with rows whose columns agree. */
async function inPhase2({ engine, now }: FaultSite): Promise<void> {
  await engine.script("CREATE TABLE event_attendance (id integer PRIMARY KEY, status varchar(100))");
  for (const step of phaseDdl(cutover, 0, engine.dialect).up) if (step.kind === "sql") await engine.script(step.sql);
  await engine.query(
    "INSERT INTO event_attendance (id, status, status_v2) VALUES (1, 'present', 'checkedin'), (2, 'present', 'checkedin'), (3, 'Reg', 'preregistered')",
  );
  const stored = await storedCutover(engine, engine.dialect, cutover);
  const at = now.toISOString();
  await engine.transaction((tx) =>
    saveCutover(tx, engine.dialect, { ...stored, phase: 2, state: "entered", since: at }, { operator: "ana", at }),
  );
}
