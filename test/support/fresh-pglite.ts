import { randomUUID } from "node:crypto";
import { existsSync, openAsBlob, readFileSync } from "node:fs";
import { link, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { PGlite } from "@electric-sql/pglite";
import type { Engine } from "@runback/core";
import { openPglite } from "@runback/engines";

const engines = new URL("../../packages/engines/package.json", import.meta.url);
const { dependencies } = JSON.parse(readFileSync(engines, "utf8")) as { dependencies: Record<string, string> };

/** An empty database of this PGlite version, made once in this clone: loading it takes a fifth of making one. */
const empty = fileURLToPath(
  new URL(`../../node_modules/.cache/pglite-${dependencies["@electric-sql/pglite"]}.tar`, import.meta.url),
);

/** A PGlite of its own, in memory. */
export async function freshPglite(): Promise<Engine> {
  return await openPglite(undefined, { loadDataDir: await emptyPglite() });
}

/** An empty database to start one from. */
export async function emptyPglite(): Promise<Blob> {
  if (!existsSync(empty)) await makeEmpty();
  return await openAsBlob(empty);
}

async function makeEmpty(): Promise<void> {
  const db = await PGlite.create();
  const dump = await db.dumpDataDir("none");
  await db.close();
  // Several workers may make it at once. The first one stays: a file that is replaced while it is read is an error.
  const made = `${empty}.${randomUUID()}`;
  await mkdir(dirname(empty), { recursive: true });
  await writeFile(made, Buffer.from(await dump.arrayBuffer()));
  await link(made, empty).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await rm(made);
}
