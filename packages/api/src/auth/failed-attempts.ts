import type { Clock } from "@runback/core";

const windowMs = 60_000;
/** Addresses remembered at once; the oldest is forgotten first, so that a flood of addresses cannot fill the memory. */
const maxAddresses = 10_000;

/** Counts failed authentications an address: guessing a token must not go as fast as the network does. */
export class FailedAttempts {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #windows = new Map<string, { failures: number; readonly until: number }>();

  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Seconds until the address may try again; 0 when it may now. */
  blockedSeconds(address: string): number {
    const window = this.#windows.get(address);
    const left = window === undefined ? 0 : window.until - this.#clock.now().getTime();
    if (left <= 0) {
      this.#windows.delete(address);
      return 0;
    }
    return window!.failures >= this.#limit ? Math.ceil(left / 1000) : 0;
  }

  failed(address: string): void {
    const window = this.#windows.get(address);
    if (window !== undefined) {
      window.failures += 1;
      return;
    }
    if (this.#windows.size >= maxAddresses) this.#windows.delete(this.#windows.keys().next().value!);
    this.#windows.set(address, { failures: 1, until: this.#clock.now().getTime() + windowMs });
  }
}
