import { resolve } from "node:path";
import { RunbackError } from "@runback/core";
import { type BundleFiles, readBundle, verifyBundle, writeBundleFolder } from "@runback/vault";
import type { Context } from "../context.ts";
import type { BundleCreated } from "./create.ts";

/** Copies a run's bundle from the vault, after its hashes were checked: a copy must not give damage a second home. */
export async function copyBundle({ engine, vault }: Context, runId: string, into: string): Promise<BundleCreated> {
  const run = await engine.store.run(engine, runId);
  const source = await readBundle({ vault, prefix: run?.bundle?.path ?? `bundles/${runId}` });
  const found = await verifyBundle(source);
  if (!found.ok) {
    const bad = [...found.missing, ...found.files.filter((file) => !file.ok).map((file) => file.name)];
    throw new RunbackError("BUNDLE_DAMAGED", `The bundle of ${runId} does not match its hashes.`, {
      recovery: `Nothing was written. Look at ${bad.slice(0, 5).join(", ") || "files that no hash covers"}; \`runback bundle verify ${runId}\` lists all.`,
      exit: 1,
      status: 409,
    });
  }
  const files: BundleFiles = new Map(found.files.map(({ name }) => [name, () => source.stream(name)] as const));
  const written = await writeBundleFolder(into, files);
  if (written.sha256 !== found.sha256) {
    throw new RunbackError("BUNDLE_DAMAGED", `The bundle of ${runId} changed while it was copied.`, {
      recovery: `Do not use ${into}. Copy it again into another folder.`,
      exit: 1,
      status: 409,
    });
  }
  return { path: resolve(into), sha256: written.sha256, files: written.files.length, written: true };
}
