import { type ObjectInfo, RunbackError } from "@runback/core";
import { SUMS_NAME } from "@runback/vault";
import type { Context } from "../context.ts";
import { before, type RetentionRule } from "./rules.ts";

export interface SweptVault {
  readonly prefix: string;
  readonly days: number;
  /** What was (or would be) deleted whole: run or snapshot ids. */
  readonly ids: readonly string[];
  readonly objects: number;
  readonly bytes: number;
  /** Over their time, but under a longer lock that somebody set: they stay. */
  readonly locked: readonly string[];
}

/**
 * Applies one rule. Everything below one id goes together, when the newest of it is over its time: half a snapshot is worse
 * than none.
 */
export async function sweepVault(
  { vault, clock }: Context,
  rule: RetentionRule,
  dryRun: boolean,
  failed: (what: string, error: unknown) => void,
): Promise<SweptVault> {
  const limit = before(clock.now(), rule.days);
  const ids: string[] = [];
  const locked: string[] = [];
  let [objects, bytes] = [0, 0];
  try {
    for await (const unit of units(vault.list(rule.prefix), rule.prefix)) {
      if (unit.objects.some((object) => object.modifiedAt > limit)) continue;
      let whole = true;
      for (const object of unit.objects) {
        try {
          if (!dryRun) await vault.delete(object.key);
          objects++;
          bytes += object.bytes;
        } catch (error) {
          whole = false;
          if (error instanceof RunbackError && error.code === "VAULT_LOCKED") locked.push(object.key);
          else failed(object.key, error);
        }
      }
      if (whole) ids.push(unit.id);
    }
  } catch (error) {
    failed(rule.prefix, error);
  }
  return { prefix: rule.prefix, days: rule.days, ids, objects, bytes, locked };
}

interface Unit {
  readonly id: string;
  readonly objects: readonly ObjectInfo[];
}

/** Objects by the segment after the prefix; the listing is in key order, so one unit is in memory at a time. */
async function* units(listing: AsyncIterable<ObjectInfo>, prefix: string): AsyncGenerator<Unit> {
  let id: string | undefined;
  let objects: ObjectInfo[] = [];
  for await (const object of listing) {
    const next = object.key.slice(prefix.length).split("/")[0]!;
    if (id !== undefined && next !== id) {
      yield { id, objects: ordered(objects) };
      objects = [];
    }
    id = next;
    objects.push(object);
  }
  if (id !== undefined) yield { id, objects: ordered(objects) };
}

/** The hashes go first: what an interrupted sweep leaves then shows that it is incomplete. */
function ordered(objects: readonly ObjectInfo[]): ObjectInfo[] {
  const sums = (object: ObjectInfo) => (object.key.endsWith(`/${SUMS_NAME}`) ? 0 : 1);
  return objects.toSorted((a, b) => sums(a) - sums(b));
}
