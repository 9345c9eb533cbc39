export type Operation = "BeginTransaction" | "Execute" | "BatchExecute" | "CommitTransaction" | "RollbackTransaction";

/** Something that goes wrong with the next request of an operation whose SQL matches. */
export interface Fault {
  readonly operation: Operation;
  readonly sql?: RegExp;
  /** `before`: nothing was executed · `after`: everything was, and only the answer is lost. */
  readonly when: "before" | "after";
  /** What the client gets: a closed connection, or an error of the service. */
  readonly answer: "reset" | { readonly type: string; readonly message: string; readonly status?: number };
  /** How many times; default 1. */
  readonly times?: number;
}

export class Faults {
  readonly #planned: { fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#planned.push({ fault, left: fault.times ?? 1 });
  }

  /** Those not met yet. */
  get left(): number {
    return this.#planned.length;
  }

  take(operation: string, sql: string): Fault | undefined {
    const index = this.#planned.findIndex(
      ({ fault }) => fault.operation === operation && (fault.sql === undefined || fault.sql.test(sql)),
    );
    const found = this.#planned[index];
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left === 0) this.#planned.splice(index, 1);
    return found.fault;
  }
}
