import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Vault } from "@runback/core";
import { openVault } from "@runback/vault";
import { type S3Server, startS3Server } from "../s3/server.ts";

/** The system's time (requests are signed with it) plus what tests add. */
export class TestClock {
  #ahead = 0;

  now = (): Date => new Date(Date.now() + this.#ahead);

  advance(ms: number): void {
    this.#ahead += ms;
  }
}

/** A store under test, opened on a prefix of its own. */
export interface OpenStore {
  readonly vault: Vault;
  readonly clock: TestClock;
  /** The same place, opened again: another process or another user of it. */
  reopen(): Promise<Vault>;
  close(): Promise<void>;
}

export interface Store {
  readonly name: string;
  readonly locks: boolean;
  /** False where the store has a clock of its own, so that expiry cannot be tested. */
  readonly controlsClock: boolean;
  open(): Promise<OpenStore>;
}

export const CREDENTIALS = { accessKeyId: "AKIDRUNBACKTEST", secretAccessKey: "test-secret-of-the-strict-server" };

const folder: Store = {
  name: "file://",
  locks: true,
  controlsClock: true,
  async open() {
    const root = await mkdtemp(join(tmpdir(), "runback-vault-"));
    const clock = new TestClock();
    const reopen = () => openVault(pathToFileURL(root).href, { clock });
    return { vault: await reopen(), clock, reopen, close: () => rm(root, { recursive: true }) };
  },
};

/** The vault URL for a bucket of the strict server. */
export function s3Url(server: S3Server, bucket: string, prefix: string): string {
  return `s3://${bucket}/${prefix}?endpoint=${encodeURIComponent(server.endpoint)}&region=${server.region}&forcePathStyle=true`;
}

function strictS3(name: string, objectLock: boolean): Store {
  return {
    name,
    locks: objectLock,
    controlsClock: true,
    async open() {
      const clock = new TestClock();
      const server = await startS3Server({
        buckets: [{ name: "vault", objectLock }],
        credentials: CREDENTIALS,
        now: clock.now,
      });
      const vaults: Vault[] = [];
      const reopen = async () => {
        const vault = await openVault(s3Url(server, "vault", "team a/é"), { credentials: CREDENTIALS, clock });
        vaults.push(vault);
        return vault;
      };
      return {
        vault: await reopen(),
        clock,
        reopen,
        async close() {
          for (const vault of vaults) await vault.close();
          await server.close();
        },
      };
    },
  };
}

/** Any S3: `RUNBACK_TEST_S3_URL` is a vault URL, credentials come from the environment; `RUNBACK_TEST_S3_LOCK=1` leaves locked objects behind. */
function externalS3(url: string): Store {
  return {
    name: "RUNBACK_TEST_S3_URL",
    locks: process.env.RUNBACK_TEST_S3_LOCK === "1",
    controlsClock: false,
    async open() {
      const place = new URL(url);
      place.pathname = `${place.pathname.replace(/\/$/, "")}/runback-test-${randomUUID()}`;
      const reopen = () => openVault(place.href);
      const vault = await reopen();
      return {
        vault,
        clock: new TestClock(),
        reopen,
        async close() {
          for await (const { key } of vault.list("")) await vault.delete(key).catch(() => {});
          await vault.close();
        },
      };
    },
  };
}

const external = process.env.RUNBACK_TEST_S3_URL;

export const STORES: readonly Store[] = [
  folder,
  strictS3("s3:// with versioning and Object Lock", true),
  strictS3("s3:// plain", false),
  ...(external === undefined ? [] : [externalS3(external)]),
];
