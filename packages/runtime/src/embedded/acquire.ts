import { chownSync, existsSync, mkdirSync, statSync } from "node:fs";
import type { Socket } from "node:net";
import { dirname, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Logger, RunbackError, silentLogger } from "@runback/core";
import { connectionUrl, readConfig } from "./config.ts";
import { connect } from "./connect.ts";
import { launchSupervisor } from "./launch.ts";
import { readPrivate } from "./private-file.ts";
import { type Contact, contactPath } from "./protocol.ts";
import type { Durability } from "./settings.ts";
import { startFailed } from "./start-failed.ts";

export interface AcquireOptions {
  /** Holds configuration, log and, where possible, the data: `<clone>/.runback`. Made when absent. */
  readonly directory: string;
  readonly logger?: Logger;
  /** Bound of the whole wait in milliseconds; above the 120 s that crash recovery may take. */
  readonly timeoutMs?: number;
  /** `scratch`: fast, not safe against power cuts, and directory and data are removed after the last client. */
  readonly durability?: Durability;
}

export interface EmbeddedLease extends AsyncDisposable {
  /** `postgres://operator:<password>@127.0.0.1:<port>/runback`, the same for all processes and, mostly, all starts. */
  readonly url: string;
  /** Gives the server up. The last one waits until it has stopped. Calling it again does nothing. */
  release(): Promise<void>;
}

/** Above the 75 s after which the supervisor has killed a server that does not stop. */
const RELEASE_MS = 90_000;
const RETRY_MS = 25;
const KILLS_ALLOWED = 5;

/**
 * The embedded PostgreSQL of a directory, shared by all processes that ask for it: started by the first, stopped after
 * the last has released it or died. A lease does not keep the process alive. When the process that owns the server is
 * killed, the lease finds or starts another in the background; sessions are not interrupted by that.
 *
 * @throws RunbackError EMBEDDED_START_FAILED with the end of the server's log; EMBEDDED_DAMAGED when its configuration
 * cannot be read; EMBEDDED_VERSION when another major version made the data; EMBEDDED_UNSUPPORTED on a platform without
 * PostgreSQL programs
 */
export async function acquireEmbedded(options: AcquireOptions): Promise<EmbeddedLease> {
  const { logger = silentLogger, timeoutMs = 150_000, durability = "durable" } = options;
  const directory = resolve(options.directory);
  let claim = join();
  follow(await claim);
  let released: Promise<void> | undefined;
  const release = () => {
    released ??= claim.then(letGo, () => {});
    return released;
  };
  const config = readConfig(directory);
  if (!config) throw startFailed("its configuration was removed while it started", directory);
  return { url: connectionUrl(config), release, [Symbol.asyncDispose]: release };

  async function join(): Promise<Socket> {
    const started = performance.now();
    try {
      prepare(directory);
      return await makeClaim(directory, durability, timeoutMs);
    } catch (error) {
      if (error instanceof RunbackError) throw error;
      throw startFailed(`${directory} cannot be used`, String(error), error);
    } finally {
      logger.log("debug", "embedded.acquire", { durationMs: Math.round(performance.now() - started) });
    }
  }

  /** The owner of the server may be killed: a new one then takes over the server that still runs. */
  function follow(socket: Socket): void {
    socket.unref();
    socket.once("close", () => {
      if (released) return;
      logger.log("warn", "embedded.supervisorLost", { message: "The owner of the embedded PostgreSQL died" });
      claim = join();
      claim.then(follow, (error: unknown) => {
        logger.log("error", "embedded.lost", { message: error instanceof Error ? error.message : String(error) });
      });
    });
  }
}

async function makeClaim(directory: string, durability: Durability, timeoutMs: number): Promise<Socket> {
  const deadline = performance.now() + timeoutMs;
  const left = () => deadline - performance.now();
  let killed = 0;
  while (left() > 0) {
    const contact = readContact(directory);
    const socket = contact && (await connect(contact, directory, left()));
    if (socket) return socket;
    const launch = await launchSupervisor(directory, durability, left());
    // The one in charge is about to listen, or about to leave.
    if (launch === "not-needed") await pause(RETRY_MS);
    if (launch === "killed" && ++killed > KILLS_ALLOWED) {
      throw startFailed(`its supervisor was killed ${killed} times before it was up; is memory short?`, "");
    }
  }
  const pid = readContact(directory)?.pid;
  throw startFailed(
    `no answer within ${timeoutMs / 1000} s from its supervisor${pid ? `, process ${pid}, here or in another container` : ""}`,
    "",
  );
}

/** A contact that cannot be read is as good as none: the next supervisor writes it anew. */
function readContact(directory: string): Contact | undefined {
  try {
    const { pid, port, secret } = (readPrivate(contactPath(directory)) ?? {}) as Partial<Contact>;
    return typeof pid === "number" && typeof port === "number" && typeof secret === "string"
      ? { pid, port, secret }
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Others may enter the folder, where the server's account needs that, but not list it. */
function prepare(directory: string): void {
  if (existsSync(directory)) return;
  const parent = dirname(directory);
  mkdirSync(parent, { recursive: true });
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  const owner = statSync(parent);
  if (process.getuid?.() === 0) chownSync(directory, owner.uid, owner.gid);
}

async function letGo(socket: Socket): Promise<void> {
  if (socket.destroyed) return;
  socket.ref();
  await new Promise<void>((done) => {
    const patience = setTimeout(() => socket.destroy(), RELEASE_MS);
    socket.once("close", () => {
      clearTimeout(patience);
      done();
    });
    socket.end();
  });
}
