import { sameTable, type TableRef } from "@runback/core";
import { listSnapshots } from "@runback/vault";
import type { Context } from "../context.ts";
import { showSnapshot } from "../snapshot/list.ts";

export interface FoundSnapshot {
  readonly snapshotId: string;
  readonly takenAt: string;
  readonly provenAt: string;
  readonly ageHours: number;
}

const hourMs = 60 * 60 * 1000;

/**
 * The newest snapshot of this target that holds the table, is young enough and was proven restorable, or why none is.
 *
 * @param notBefore UTC instant before which it does not count
 */
export async function provenSnapshot(
  context: Pick<Context, "vault" | "engine" | "clock">,
  ask: { readonly table: TableRef; readonly maxAgeHours: number; readonly notBefore: string | null },
): Promise<FoundSnapshot | { readonly why: string }> {
  const { vault, engine, clock } = context;
  let why = "there is no snapshot in the vault";
  // Newest first: what is wrong with the newest is what the operator wants to know.
  let first = true;
  for (const snapshotId of await listSnapshots(vault)) {
    const problem = await problemOf(snapshotId);
    if (typeof problem !== "string") return problem;
    if (first) why = problem;
    first = false;
    if (problem.endsWith("hours old")) break;
  }
  return { why };

  async function problemOf(snapshotId: string): Promise<FoundSnapshot | string> {
    const { manifest, provenAt } = await showSnapshot(context, snapshotId).catch(() => ({
      manifest: undefined,
      provenAt: null,
    }));
    if (manifest === undefined) return `${snapshotId} cannot be read`;
    const { takenAt, location, tables } = manifest;
    if (database(location) !== database(engine.location)) return `${snapshotId} is of another target`;
    const ageHours = (clock.now().getTime() - Date.parse(takenAt)) / hourMs;
    if (!(ageHours <= ask.maxAgeHours)) return `${snapshotId} is ${Math.floor(ageHours)} hours old`;
    if (ask.notBefore !== null && Date.parse(takenAt) < Date.parse(ask.notBefore))
      return `${snapshotId} was taken before this phase began`;
    if (!tables.some((table) => isSame(table, ask.table))) return `${snapshotId} does not hold ${ask.table.name}`;
    if (provenAt === null) return `${snapshotId} was never verified: runback snapshot verify ${snapshotId}`;
    return { snapshotId, takenAt, provenAt, ageHours: Math.round(ageHours * 10) / 10 };
  }
}

const isSame = (a: TableRef, b: TableRef) =>
  sameTable(a, b) || (a.name === b.name && ["", "public"].includes(a.schema) && ["", "public"].includes(b.schema));

/** Server and database. Ports and users differ between a pooler and its server, and from one start to the next. */
function database(location: string): string {
  const at = /^([a-z-]+):\/\/(?:[^/@]*@)?([^/?:]*)(?::\d+)?([^?]*)/.exec(location);
  // The Data API names the database beside the cluster.
  const named = /[?&]database=([^&]*)/.exec(location)?.[1] ?? "";
  return at === null ? location : `${at[1]}//${at[2]}${at[3]} ${named}`;
}
