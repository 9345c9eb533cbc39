import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { emptyTarget, type Target } from "../scenarios/support/world.ts";
import { type Entity, writeExport } from "./write-export.ts";

/** An empty target, and a folder for exports into it. */
export interface Desk extends AsyncDisposable {
  readonly target: Target;
  readonly folder: string;
  /** Writes the rows as an export of their own and returns its folder. */
  export(rows: Readonly<Partial<Record<Entity, readonly string[]>>>): Promise<string>;
  /** Rows of a query on the target. */
  rows(sql: string): Promise<Record<string, unknown>[]>;
}

export async function openDesk(): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), "runback-membership-"));
  const target = await emptyTarget(pathToFileURL(join(folder, "vault")).href);
  return {
    target,
    folder,
    export: async (rows) => await writeExport(await mkdtemp(join(folder, "export-")), rows),
    rows: async (sql) => (await target.engine.query(sql)).rows,
    [Symbol.asyncDispose]: async () => {
      await target[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
