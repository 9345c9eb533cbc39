import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { serverAccount } from "./account.ts";
import { usableBinaries } from "./binaries.ts";
import { dataFolder, ensureCluster, resetPassword } from "./cluster.ts";
import { type EmbeddedConfig, newPassword, readConfig, writeConfig } from "./config.ts";
import { chooseHome, makeHome } from "./home.ts";
import { clearLeftovers } from "./leftovers.ts";
import { type Lock, takeLock } from "./lock.ts";
import { adoptPostmaster, type Postmaster, startPostmaster } from "./postmaster.ts";
import type { ServerLog } from "./server-log.ts";
import type { Durability } from "./settings.ts";
import { startFailed } from "./start-failed.ts";

/** Crash recovery of 4 GB of write-ahead log fits; the waiting client's bound is above it. */
const START_TIMEOUT_MS = 120_000;
/** A client needs some 100 ms to find the new supervisor, more on a busy machine. */
const RETURN_MS = 5_000;
const LOSSES_ALLOWED = 5;
const LOSSES_WITHIN_MS = 60_000;

/** The server of one directory, in the hands of the supervisor that holds the directory's lock. */
export class EmbeddedServer {
  readonly #directory: string;
  readonly #durability: Durability;
  readonly #log: ServerLog;
  readonly #lost: () => void;
  #postmaster: Postmaster | undefined;
  #home: string | undefined;
  #homeLock: Lock | undefined;
  #reservedUntil = 0;
  #losses: number[] = [];

  /** @param lost called when the server ended without having been asked to */
  constructor(directory: string, durability: Durability, log: ServerLog, lost: () => void) {
    this.#directory = directory;
    this.#durability = durability;
    this.#log = log;
    this.#lost = lost;
  }

  get running(): boolean {
    return this.#postmaster !== undefined;
  }

  /** Milliseconds for which an adopted server has to stay: those whom the dead supervisor served are coming back. */
  get reservedMs(): number {
    return this.running ? Math.max(0, this.#reservedUntil - performance.now()) : 0;
  }

  /**
   * Brings the server up from whatever is there: nothing, a cluster, a crashed one, or a server still running.
   *
   * @throws RunbackError EMBEDDED_START_FAILED, EMBEDDED_DAMAGED, EMBEDDED_VERSION or EMBEDDED_UNSUPPORTED
   */
  async open(): Promise<void> {
    this.#refuseEndlessRestarts();
    const known = readConfig(this.#directory);
    const home = known?.home ?? (await chooseHome(this.#directory, serverAccount()));
    const config = known ?? { password: newPassword(), ...(home !== this.#directory && { home }) };
    // Before anything is made there: a home that is not remembered would be lost.
    if (!known) writeConfig(this.#directory, config);
    this.#occupy(home, config.port !== undefined);
    let postmaster = await adoptPostmaster(home, this.#durability);
    if (postmaster && !known) {
      await postmaster.stop();
      postmaster = undefined;
    }
    postmaster ??= await this.#start(home, config, known === undefined);
    this.#log.note(`${postmaster.origin} server ${postmaster.pid} on port ${postmaster.port}`);
    if (postmaster.port !== config.port) writeConfig(this.#directory, { ...config, port: postmaster.port });
    if (postmaster.origin === "adopted") this.#reservedUntil = performance.now() + RETURN_MS;
    this.#postmaster = postmaster;
    postmaster.ended.then(() => this.#ended(postmaster));
  }

  async stop(): Promise<void> {
    const postmaster = this.#postmaster;
    this.#postmaster = undefined;
    await postmaster?.stop();
  }

  /** Removes data and directory: for a scratch server that was stopped. */
  remove(): void {
    for (const path of [this.#home, this.#directory]) {
      if (path) rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    }
  }

  async #start(home: string, config: EmbeddedConfig, passwordIsNew: boolean): Promise<Postmaster> {
    const account = serverAccount(dataFolder(home));
    const binaries = await usableBinaries(home, account);
    const cluster = { binaries, account, home, password: config.password, durable: this.#durability === "durable" };
    if ((await ensureCluster(cluster)) === "kept") {
      await clearLeftovers(home);
      if (passwordIsNew) await resetPassword(cluster);
    }
    return await startPostmaster({
      binaries,
      account,
      home,
      port: config.port,
      durability: this.#durability,
      log: this.#log,
      startTimeoutMs: START_TIMEOUT_MS,
    });
  }

  /** A copied directory names the same home; two servers on one cluster would destroy it. */
  #occupy(home: string, holdsData: boolean): void {
    if (this.#home === home) return;
    if (!existsSync(home) && !holdsData) makeHome(home);
    if (!existsSync(home)) {
      throw startFailed(
        `its data folder ${home} is gone; restore it, or delete ${join(this.#directory, "embedded.json")} to begin with an empty database`,
        "",
      );
    }
    if (home !== this.#directory) {
      this.#homeLock ??= takeLock(join(home, "home.lock"));
      if (!this.#homeLock) {
        throw startFailed(
          `${home} is in use by another copy of ${this.#directory}; delete embedded.json in the copy to begin with an empty database there`,
          "",
        );
      }
    }
    this.#home = home;
  }

  #ended(postmaster: Postmaster): void {
    if (this.#postmaster !== postmaster) return;
    this.#postmaster = undefined;
    this.#losses.push(performance.now());
    this.#log.note(`server ${postmaster.pid} ended by itself or was killed`);
    this.#lost();
  }

  #refuseEndlessRestarts(): void {
    this.#losses = this.#losses.filter((time) => performance.now() - time < LOSSES_WITHIN_MS);
    if (this.#losses.length > LOSSES_ALLOWED) {
      throw startFailed(
        `it ended ${this.#losses.length} times within a minute, see ${this.#log.path}`,
        this.#log.since(0),
      );
    }
  }
}
