import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { S3Server } from "../s3/server.ts";
import { CREDENTIALS, s3Url } from "./stores.ts";

const MIB = 1024 * 1024;
/** Below what would be kept if anything kept the object. Measured: 97 MB (S3) and 79 MB (folder) for 200 MiB, 122 and 96 for 600. */
const LIMIT = 150 * MIB;
const SCRIPT = fileURLToPath(new URL("stream-memory.ts", import.meta.url));
const SERVER = fileURLToPath(new URL("../s3/main.ts", import.meta.url));

async function peak(url: string, bytes: number): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, url, String(bytes)], {
    env: { ...process.env, TEST_KEY: CREDENTIALS.accessKeyId, TEST_SECRET: CREDENTIALS.secretAccessKey },
  });
  const result = JSON.parse(stdout) as { peakBytes: number; sha256Matches: boolean };
  expect(result.sha256Matches).toBe(true);
  return result.peakBytes;
}

test("200 MiB through the folder vault keep memory flat", async () => {
  const root = await mkdtemp(join(tmpdir(), "runback-memory-"));
  try {
    expect(await peak(pathToFileURL(root).href, 200 * MIB)).toBeLessThan(LIMIT);
  } finally {
    await rm(root, { recursive: true });
  }
});

test("200 MiB through the S3 vault keep memory flat", async () => {
  const options = JSON.stringify({ buckets: [{ name: "vault" }], credentials: CREDENTIALS });
  const server = spawn(process.execPath, [SERVER, options], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    let started: Pick<S3Server, "endpoint" | "region"> | undefined;
    for await (const line of createInterface({ input: server.stdout })) {
      started = JSON.parse(line) as Pick<S3Server, "endpoint" | "region">;
      break;
    }
    expect(await peak(s3Url(started as S3Server, "vault", "p"), 200 * MIB)).toBeLessThan(LIMIT);
  } finally {
    const exited = new Promise((resolve) => server.once("exit", resolve));
    server.stdin.end();
    await exited;
  }
});
