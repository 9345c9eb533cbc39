import { setTimeout as sleep } from "node:timers/promises";
import { type ColumnCutover, type Engine, flagsIn } from "@runback/core";
import { storedStates } from "@runback/operations";

export interface RandomWriter extends AsyncDisposable {
  /** The code that each row has since its last write that was answered. */
  readonly truth: ReadonlyMap<number, string>;
  /** Every row that it wrote, or tried to. */
  readonly touched: ReadonlySet<number>;
  /** Lets it finish the write it is at, so that its next one begins with a look at the flags. Settles with what lets it go on. */
  paused(): Promise<() => void>;
  /** Rejects as soon as a write failed that must not fail: for good. */
  readonly failed: Promise<never>;
}

/**
 * Somebody who changes, adds and deletes rows all the time, as the flags say: both columns, or one. With a bridge the
 * writer that cannot be changed: before the read pivot it knows the legacy column only, after it only the new one.
 */
export function randomWriter(
  engine: Engine,
  cutover: ColumnCutover,
  random: () => number,
  rows: ReadonlyMap<number, string>,
): RandomWriter {
  const truth = new Map(rows);
  const touched = new Set<number>();
  const states = storedStates(engine, [cutover]);
  const table = engine.dialect.table(cutover.table);
  let ended = false;
  let wanted: (() => void) | undefined;
  let resume: Promise<void> | undefined;
  let letGo = () => {};
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {});

  const spelled = (code: string) => {
    const { spellings } = cutover.codes.find((each) => each.code === code)!;
    const all = [code, ...spellings];
    return all[Math.floor(random() * all.length)]!;
  };
  const columns = async (code: string): Promise<Readonly<Record<string, string>>> => {
    const phase = (await states.states())[0]!.phase;
    const [legacy, column] = [{ [cutover.legacy]: spelled(code) }, { [cutover.column]: code }];
    if (cutover.dualWrite === "bridge") return phase < 3 ? legacy : column;
    if (flagsIn(cutover, phase)[cutover.flags.dualWrite.name]) return { ...legacy, ...column };
    return phase === 0 ? legacy : column;
  };
  const write = async () => {
    const ids = [...truth.keys()];
    const known = ids[Math.floor(random() * ids.length)]!;
    const kind = random();
    if (kind < 0.1 || kind >= 0.3) touched.add(known);
    if (kind < 0.1 && ids.length > 20) {
      await engine.query(`DELETE FROM ${table} WHERE id = ${known}`);
      truth.delete(known);
      return;
    }
    const code = cutover.codes[Math.floor(random() * cutover.codes.length)]!.code;
    const set = await columns(code);
    const names = Object.keys(set).map(engine.dialect.id);
    if (kind < 0.3) {
      const id = Math.max(0, ...ids) + 1;
      touched.add(id);
      await engine.query(
        `INSERT INTO ${table} (id, ${names.join(", ")}) VALUES (${id}, ${names.map((_, at) => `$${at + 1}`).join(", ")})`,
        Object.values(set),
      );
      truth.set(id, code);
      return;
    }
    await engine.query(
      `UPDATE ${table} SET ${names.map((name, at) => `${name} = $${at + 1}`).join(", ")} WHERE id = ${known}`,
      Object.values(set),
    );
    truth.set(known, code);
  };
  const working = (async () => {
    while (!ended) {
      if (wanted) {
        wanted();
        await resume;
        continue;
      }
      try {
        await write();
      } catch (error) {
        // A lock that a schema change holds; the statement was taken back as a whole.
        if (!["LOCK_TIMEOUT", "40P01"].includes(String((error as { code?: unknown }).code))) return reject(error);
      }
      // A load, not a wait: others work on the same two cores.
      await sleep(4);
    }
  })();
  return {
    truth,
    touched,
    failed,
    paused: async () => {
      const { promise: stands, resolve } = Promise.withResolvers<void>();
      const { promise, resolve: goOn } = Promise.withResolvers<void>();
      resume = promise;
      wanted = resolve;
      letGo = () => {
        wanted = undefined;
        goOn();
      };
      await Promise.race([stands, failed]);
      return letGo;
    },
    [Symbol.asyncDispose]: async () => {
      ended = true;
      letGo();
      await working;
    },
  };
}
