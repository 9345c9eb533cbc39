import { randomBytes } from "node:crypto";
import { ApiProblem } from "./api-problem.ts";

const idleMs = 3 * 60_000;
const longestMs = 24 * 3_600_000;

interface Open {
  readonly id: string;
  readonly began: number;
  used: number;
  running: boolean;
}

/** One database session, so one transaction at a time: whoever begins the next one waits, as for a connection. */
export class Transactions {
  readonly #now: () => number;
  /** Ends the database's transaction. */
  readonly #finish: (how: "COMMIT" | "ROLLBACK") => Promise<void>;
  #open: Open | undefined;
  #turns: (() => void)[] = [];

  constructor(now: () => number, finish: (how: "COMMIT" | "ROLLBACK") => Promise<void>) {
    this.#now = now;
    this.#finish = finish;
  }

  /** Who waits for the session. */
  get waiting(): number {
    return this.#turns.length;
  }

  async begin(start: () => Promise<void>): Promise<string> {
    while (this.#open !== undefined) await new Promise<void>((resolve) => this.#turns.push(resolve));
    const now = this.#now();
    const open: Open = { id: randomBytes(96).toString("base64"), began: now, used: now, running: false };
    this.#open = open;
    await start();
    return open.id;
  }

  /** Runs one call of a transaction. A second one beside it is refused. */
  async use<T>(id: string, work: () => Promise<T>): Promise<T> {
    await this.expire();
    const open = this.#open;
    if (open?.id !== id) throw new ApiProblem("TransactionNotFoundException", `Transaction ${id} is not found`, 404);
    if (open.running) throw new ApiProblem("DatabaseErrorException", "Transaction is still running a query");
    open.running = true;
    try {
      return await work();
    } finally {
      open.running = false;
      open.used = this.#now();
    }
  }

  async end(id: string, how: "COMMIT" | "ROLLBACK"): Promise<void> {
    await this.use(id, () => this.#release(how));
  }

  /** An answer that is too large costs the transaction. */
  async abort(): Promise<void> {
    await this.#release("ROLLBACK");
  }

  /** Ends a transaction whose time is over; also while nobody uses it. */
  async expire(): Promise<void> {
    const open = this.#open;
    if (open === undefined || open.running) return;
    const now = this.#now();
    if (now - open.used >= idleMs || now - open.began >= longestMs) await this.#release("ROLLBACK");
  }

  async #release(how: "COMMIT" | "ROLLBACK"): Promise<void> {
    try {
      await this.#finish(how);
    } finally {
      this.#open = undefined;
      this.#turns.shift()?.();
    }
  }
}
