import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Engine, ImportResult, VerificationReport } from "@runback/core";
import { openPostgres } from "@runback/engines";
import { wildApricotImport, writeSampleExport } from "@runback/membership";
import { type Context, type ImportOptions, init, runImport, verify } from "@runback/operations";
import { openVault, readBundle } from "@runback/vault";
import { createDatabase, type TestDatabase, templateDatabase } from "../../support/database.ts";
import { contextOver } from "./context.ts";
import { importOptions } from "./import-options.ts";

/** A sample export imported once: each test works on a clone of the database that came of it. */
export interface World extends AsyncDisposable {
  /** Scratch folder of this world; gone with it. */
  readonly folder: string;
  /** Folder of the export. */
  readonly source: string;
  readonly vaultUrl: string;
  readonly imported: ImportResult;
  readonly runId: string;
  /** The run's bundle as a folder. */
  readonly bundle: string;
  clone(): Promise<Target>;
  /** A copy of the bundle that may be spoilt. */
  copyBundle(): Promise<string>;
}

/** One target, opened. */
export interface Target extends AsyncDisposable {
  readonly url: string;
  readonly engine: Engine;
  readonly context: Context;
  /** The migration from a folder, as `operator` alice unless said otherwise. */
  import(source: string, options?: Partial<ImportOptions>): Promise<ImportResult>;
  verify(bundle: string): Promise<VerificationReport>;
}

/** Large enough for every tier and status, small enough to be imported and verified in a blink. */
export const sampleSize = { members: 400, events: 90, registrations: 1_200 };

export async function sampleWorld(size = sampleSize): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "runback-scenario-"));
  const source = join(folder, "export");
  const bundle = join(folder, "bundle");
  const vaultUrl = pathToFileURL(join(folder, "vault")).href;
  await writeSampleExport(source, size);
  let imported: ImportResult | undefined;
  const template = await templateDatabase(`scenario: ${folder}`, async (url) => {
    await using target = await openTarget({ url, drop: async () => {} }, vaultUrl);
    imported = await target.import(source, { bundleFolder: bundle });
  });
  return {
    folder,
    source,
    vaultUrl,
    imported: imported!,
    runId: imported!.runId,
    bundle,
    clone: async () => await openTarget(await createDatabase({ template }), vaultUrl),
    copyBundle: async () => {
      const copy = join(await mkdtemp(join(folder, "copy-")), "bundle");
      await cp(bundle, copy, { recursive: true });
      return copy;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A database with the model and no rows in it, opened with a vault. */
export async function emptyTarget(vaultUrl: string): Promise<Target> {
  const template = await templateDatabase("scenario: membership, empty", async (url) => {
    const engine = openPostgres(url);
    await init({ engine }, wildApricotImport);
    await engine.close();
  });
  return await openTarget(await createDatabase({ template }), vaultUrl);
}

async function openTarget({ url, drop }: Pick<TestDatabase, "url" | "drop">, vaultUrl: string): Promise<Target> {
  const engine = openPostgres(url);
  return await targetOver(engine, vaultUrl, url, async () => {
    await engine.close();
    await drop();
  });
}

/** The operations of one engine, which `close` closes. */
export async function targetOver(
  engine: Engine,
  vaultUrl: string,
  url: string,
  close: () => Promise<void>,
): Promise<Target> {
  const vault = await openVault(vaultUrl);
  const context = contextOver(engine, vault);
  return {
    url,
    engine,
    context,
    import: (source, options) => runImport(context, importOptions(source, options)),
    verify: async (bundle) =>
      await verify(context, {
        declaration: wildApricotImport,
        bundle: await readBundle(bundle),
        bundlePath: bundle,
      }),
    [Symbol.asyncDispose]: async () => {
      await vault.close();
      await close();
    },
  };
}
