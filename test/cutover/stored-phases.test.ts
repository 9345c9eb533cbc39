import { attendeeStatus, ticketState } from "@runback/attendance";
import { flagValues } from "@runback/core";
import { storedStates } from "@runback/operations";
import { expect, test } from "vitest";
import { addEvidence, newestEvidence } from "../../packages/operations/src/cutover/evidence.ts";
import { saveCutover, storedCutover } from "../../packages/operations/src/cutover/stored-cutover.ts";
import { freshTarget } from "../support/engines.ts";
import { rotatedEngines } from "../support/rotated-engines.ts";

test.each(rotatedEngines)("%s keeps phases and evidence, and flags are read from them", async (name) => {
  await using target = await freshTarget(name);
  const { engine } = target;
  const { dialect } = engine;
  const states = storedStates(engine, [attendeeStatus, ticketState]);
  expect((await states.states()).map(({ cutover, phase, comparing }) => [cutover.name, phase, comparing])).toEqual([
    ["attendee-status", 0, true],
    ["ticket-state", 0, true],
  ]);

  const planned = await storedCutover(engine, dialect, attendeeStatus);
  expect(planned).toMatchObject({ phase: 0, state: "planned", since: null, moving: null });
  const by = (at: string) => ({ operator: "ana", at });
  const entered = { ...planned, phase: 0, state: "entered", since: null } as const;
  await engine.transaction((tx) => saveCutover(tx, dialect, entered, by("2026-11-21T10:00:00.000Z")));
  expect(await storedCutover(engine, dialect, attendeeStatus)).toEqual({
    ...entered,
    since: "2026-11-21T10:00:00.000Z",
  });
  const pivoted = {
    ...entered,
    phase: 3,
    comparing: false,
    since: "2026-11-22T10:00:00.000Z",
    guardCommit: "abc",
  } as const;
  await engine.transaction((tx) => saveCutover(tx, dialect, pivoted, by("2026-11-22T10:00:00.000Z")));
  expect(await storedCutover(engine, dialect, attendeeStatus)).toEqual(pivoted);
  expect(flagValues(await states.states()).filter(({ cutover }) => cutover === "attendee-status")).toMatchObject([
    { key: "status_v2_dual_write", value: true },
    { key: "status_v2_read_pivot", value: true },
    { key: "attendee-status", value: "rampdown" },
  ]);

  for (const [index, kind] of (["gate", "monitor", "gate"] as const).entries()) {
    await engine.transaction((tx) =>
      addEvidence(tx, dialect, {
        cutover: "attendee-status",
        ...{ kind, phase: 3, outcome: "open", at: `2026-11-22T10:0${index}:00.000Z`, operator: null },
        data: { index },
      }),
    );
  }
  const about = { cutover: "attendee-status", limit: 10 };
  expect((await newestEvidence(engine, dialect, about)).map(({ data }) => data)).toEqual([
    { index: 2 },
    { index: 1 },
    { index: 0 },
  ]);
  expect(await newestEvidence(engine, dialect, { ...about, kind: "gate", limit: 1 })).toMatchObject([
    { kind: "gate", phase: 3, at: "2026-11-22T10:02:00.000Z", data: { index: 2 } },
  ]);
});

test("flags are not guessed from a target that has no phases", async () => {
  await using target = await freshTarget("sqlite");
  await target.engine.script("DROP TABLE runback_cutovers");
  await expect(storedStates(target.engine, [attendeeStatus]).states()).rejects.toThrow();
});
