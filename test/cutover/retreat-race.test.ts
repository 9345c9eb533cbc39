import { ticketState } from "@runback/attendance";
import { type ColumnCutover, mapLegacy, phaseDdl } from "@runback/core";
import { advanceCutover, type Context, retreatCutover, showCutover, storedStates } from "@runback/operations";
import { describe, expect, test } from "vitest";
import { applyDdl } from "../../packages/operations/src/cutover/apply-ddl.ts";
import { saveCutover, storedCutover } from "../../packages/operations/src/cutover/stored-cutover.ts";
import { seed, seededRandom } from "../faults/seeded-random.ts";
import { auditTable, testContext } from "../operations/support.ts";
import { inTurn } from "../support/rotated-engines.ts";
import { families } from "./support.ts";

const codes = ["sold", "reserved", "void"];
const rows = 120;
const about = { operator: "ana", auditTable };
const isBridge = (cutover: ColumnCutover) => cutover.dualWrite === "bridge";

describe.each(inTurn(families))(`retreat from phase 4 on %s (seed ${seed})`, { timeout: 300_000 }, (name) => {
  test.each(["bridge", "application"] as const)("loses no write of people who go on writing: %s", async (dualWrite) => {
    await using site = await testContext(name);
    const { context } = site;
    const { engine } = context;
    const cutover: ColumnCutover = { ...ticketState, dualWrite };
    await inPhase4(context, cutover);
    const states = storedStates(engine, [cutover]);
    const random = seededRandom(seed);
    const written = new Map<number, string>();
    let stop = false;

    /** Reads the flag now and then, as flag clients do, and writes its own rows. */
    const writer = async (nth: number, among: number) => {
      let dual = false;
      for (let write = 0; !stop; write++) {
        if (write % 4 === 0) dual = (await states.states())[0]!.phase <= 3;
        // Half of the rows nobody writes again once the flag is seen: they are Runback's to bring up to date.
        const ticket = nth + among * Math.floor(random() * (rows / among / (dual ? 2 : 1)));
        const code = codes[Math.floor(random() * codes.length)]!;
        const both = dual && !isBridge(cutover);
        await engine.query(
          `UPDATE event_tickets SET state_code = $1${both ? ", state = $2" : ""} WHERE event_id = 1 AND ticket_no = ${ticket}`,
          both ? [code, code] : [code],
        );
        written.set(ticket, code);
      }
    };
    const writers = [0, 1, 2].map((nth) => writer(nth, 3));
    const until = async (enough: () => boolean) => {
      while (!enough()) await engine.query("SELECT 1 AS one");
    };
    try {
      await until(() => written.size > 90);
      // Stopped after its second step: what is committed stays, and the next call goes on.
      const controller = new AbortController();
      let steps = 0;
      const store = {
        ...engine.store,
        addStep: async (...args: Parameters<typeof engine.store.addStep>) => {
          if (++steps === 2) controller.abort();
          await engine.store.addStep(...args);
        },
      };
      const stopping = new Proxy(engine, {
        get: (from, key) => (key === "store" ? store : (Reflect.get(from, key) as unknown)),
      });
      const interrupted = { ...context, engine: stopping, stepRows: 5, signal: controller.signal };
      await expect(retreatCutover(interrupted, cutover, about)).rejects.toMatchObject({ code: "CUTOVER_SYNC_STOPPED" });
      expect(await showCutover(context, cutover)).toMatchObject({ phase: 3, moving: expect.stringMatching(/^sync:/) });
      await expect(advanceCutover(context, cutover, about)).rejects.toMatchObject({ code: "CUTOVER_RETREATING" });
      expect(await retreatCutover({ ...context, stepRows: 5 }, cutover, about)).toMatchObject({ moved: false });
      expect(await showCutover(context, cutover)).toMatchObject({ phase: 3, moving: null });
    } finally {
      stop = true;
      await Promise.all(writers);
    }
    // Those who saw the flag late.
    await retreatCutover(context, cutover, { ...about, to: "3" });
    const { rows: kept } = await engine.query<{ ticket_no: number; state: string | null; state_code: string }>(
      "SELECT ticket_no, state, state_code FROM event_tickets ORDER BY ticket_no",
    );
    expect(kept).toHaveLength(rows);
    for (const { ticket_no, state, state_code } of kept) {
      expect([ticket_no, state_code]).toEqual([ticket_no, written.get(ticket_no) ?? "sold"]);
      expect([ticket_no, mapLegacy(cutover, state)]).toEqual([ticket_no, state_code]);
    }
    // A spelling that means the code already is kept.
    const untouched = kept.find(({ ticket_no }) => !written.has(ticket_no));
    if (untouched) expect(untouched.state).toBe("paid");
  });
});

async function inPhase4(context: Context, cutover: ColumnCutover): Promise<void> {
  const { engine, clock } = context;
  await engine.query(
    "CREATE TABLE event_tickets (event_id integer NOT NULL, ticket_no integer NOT NULL, state varchar(100), PRIMARY KEY (event_id, ticket_no))",
  );
  for (let ticket = 0; ticket < rows; ticket++)
    await engine.query(`INSERT INTO event_tickets (event_id, ticket_no, state) VALUES (1, ${ticket}, 'paid')`);
  const up = (phase: 0 | 1 | 4) => phaseDdl(cutover, phase, engine.dialect).up;
  await applyDdl(context, cutover, [...up(0), ...up(1)], async () => {});
  await engine.query("UPDATE event_tickets SET state_code = 'sold'");
  const stored = await storedCutover(engine, engine.dialect, cutover);
  const at = clock.now().toISOString();
  await applyDdl(context, cutover, up(4), (tx) =>
    saveCutover(tx, engine.dialect, { ...stored, phase: 4, state: "entered", since: at }, { operator: "ana", at }),
  );
}
