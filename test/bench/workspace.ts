import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import postgres from "postgres";
import { acquireEmbedded } from "../../packages/runtime/src/embedded/acquire.ts";

export interface Workspace extends AsyncDisposable {
  readonly folder: string;
  readonly vaultUrl: string;
  /** A fresh database on a durable server: fsync and synchronous commit are on, as in production. */
  database(): Promise<string>;
  drop(url: string): Promise<void>;
}

export async function openWorkspace(): Promise<Workspace> {
  const folder = mkdtempSync(join(tmpdir(), "runback-bench-"));
  const server = await acquireEmbedded({ directory: folder });
  const admin = postgres(server.url, { max: 1, onnotice: () => {} });
  let databases = 0;
  return {
    folder,
    vaultUrl: pathToFileURL(join(folder, "vault")).href,
    database: async () => {
      const name = `bench_${++databases}`;
      await admin`CREATE DATABASE ${admin(name)} TEMPLATE template0`;
      const url = new URL(server.url);
      url.pathname = `/${name}`;
      return url.href;
    },
    drop: async (url) => {
      await admin`DROP DATABASE ${admin(new URL(url).pathname.slice(1))} WITH (FORCE)`;
    },
    [Symbol.asyncDispose]: async () => {
      await admin.end();
      await server.release();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a script of this folder under the same Node and reads the JSON document it prints. */
export async function child<T>(script: string, args: readonly string[]): Promise<T> {
  const started = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  started.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  const [code] = (await once(started, "close")) as [number];
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
  return JSON.parse(out) as T;
}
