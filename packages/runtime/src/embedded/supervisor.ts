import { randomBytes } from "node:crypto";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { errorDocument } from "@runback/core";
import { Claims } from "./claims.ts";
import { takeLock } from "./lock.ts";
import { writePrivate } from "./private-file.ts";
import { type Contact, contactPath, type Failure, identity, NOT_NEEDED } from "./protocol.ts";
import { EmbeddedServer } from "./server.ts";
import { openServerLog } from "./server-log.ts";
import type { Durability } from "./settings.ts";

/**
 * The process that owns the embedded server of one directory: it starts it for the first client, starts it again when
 * it is killed, and stops it, and itself, when the last client has gone. Run as
 * `node supervisor.ts <directory> durable|scratch`. It prints one line: `listening`, or why it cannot.
 */

/** Milliseconds in which the process that started this one has to connect. */
const FIRST_CLIENT_MS = 20_000;

async function supervise(directory: string, durability: Durability): Promise<void> {
  becomeOwner(directory);
  const lock = takeLock(join(directory, "embedded.lock"));
  if (!lock) process.exit(NOT_NEEDED);
  const log = openServerLog(join(directory, "embedded.log"));
  process.on("uncaughtException", (error) => {
    log.note(`unexpected: ${error.stack}`);
    process.exit(1);
  });
  const secret = randomBytes(32).toString("hex");
  const claims = new Claims(secret, identity(directory), settle);
  const server = new EmbeddedServer(directory, durability, log, settle);
  let settling = false;
  let dismissed = false;

  /** Brings the server into the state that the claims ask for; changes during a step are seen by the next one. */
  async function settle(): Promise<void> {
    if (settling) return;
    settling = true;
    for (;;) {
      if (dismissed || claims.count === 0) {
        if (!dismissed && server.reservedMs > 0) {
          setTimeout(settle, server.reservedMs);
          break;
        }
        await server.stop();
        if (dismissed || claims.count === 0) return leave();
      } else if (!server.running) {
        await server.open().catch(async (error: unknown) => {
          const failure = failureOf(error);
          log.note(`${failure.code}: ${failure.message}`);
          await claims.fail(failure);
        });
      } else {
        claims.ready();
        claims.dismiss();
        break;
      }
    }
    settling = false;
  }

  /** The kernel gives back the lock and ends the connections of those who wait for this. */
  function leave(): void {
    log.note("leaving");
    rmSync(contactPath(directory), { force: true });
    if (durability === "scratch") server.remove();
    process.exit(0);
  }

  const contact: Contact = { pid: process.pid, port: await claims.listen(), secret };
  writePrivate(contactPath(directory), contact);
  process.stdout.write("listening\n");
  setTimeout(settle, FIRST_CLIENT_MS);
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.once(name, () => {
      log.note(`got ${name}`);
      dismissed = true;
      settle();
    });
  }
}

/** Root in the folder of somebody else works as that one, who could not read what root writes there. */
function becomeOwner(directory: string): void {
  const { uid, gid } = statSync(directory);
  if (process.getuid?.() !== 0 || uid === 0) return;
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

function failureOf(error: unknown): Failure {
  return { state: "failed", ...errorDocument(error).error };
}

const [directory, durability] = process.argv.slice(2);
// Whoever started this may be gone already.
process.stdout.on("error", () => {});
process.on("SIGHUP", () => {});
supervise(String(directory), durability === "scratch" ? "scratch" : "durable").catch((error: unknown) => {
  process.stdout.write(`${JSON.stringify(failureOf(error))}\n`, () => process.exit(1));
});
