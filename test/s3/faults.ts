import type { OperationName } from "./route.ts";

/** What goes wrong. `before`: nothing was done; `after`: the operation was carried out and only its answer is lost. */
export type Fault =
  | {
      readonly kind: "status";
      readonly status: number;
      /** S3's code in the document; without it the answer has no body, as from a proxy. */
      readonly code?: string;
      readonly when?: "before" | "after";
    }
  | { readonly kind: "hang"; readonly when?: "before" | "after" }
  | { readonly kind: "reset"; readonly when?: "before" | "after" }
  /** Promises the whole body, sends this many bytes of it, then closes the connection. */
  | { readonly kind: "truncate"; readonly bytes: number }
  /** Promises the whole body, sends this many bytes of it, then says nothing more. */
  | { readonly kind: "stall"; readonly bytes: number }
  /** Sends a shorter body with a Content-Length that fits it. */
  | { readonly kind: "shorten"; readonly bytes: number }
  /** Inverts the bits of the byte at this offset of the body. */
  | { readonly kind: "flip"; readonly at: number };

export interface FaultRule {
  readonly fault: Fault;
  /** How many matching requests it hits. Default 1. */
  readonly times?: number;
  readonly operation?: OperationName;
  readonly key?: string | RegExp;
}

interface Armed extends FaultRule {
  left: number;
  readonly fire: () => void;
}

/** Faults to come, and what the server has seen: tests wait on `fired` and count requests instead of sleeping. */
export class Faults {
  readonly #armed: Armed[] = [];
  /** Operation names in the order they arrived, the failed ones too. */
  readonly seen: OperationName[] = [];

  /** Arms a fault. @returns a promise that settles when it first hits a request */
  add(rule: FaultRule): { readonly fired: Promise<void> } {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#armed.push({ ...rule, left: rule.times ?? 1, fire: resolve });
    return { fired: promise };
  }

  clear(): void {
    this.#armed.length = 0;
    this.seen.length = 0;
  }

  count(operation: OperationName): number {
    return this.seen.filter((name) => name === operation).length;
  }

  /** Takes the first armed fault that fits. */
  take(operation: OperationName, key: string): Fault | undefined {
    this.seen.push(operation);
    const armed = this.#armed.find(
      (rule) =>
        rule.left > 0 &&
        (rule.operation === undefined || rule.operation === operation) &&
        (rule.key === undefined || (typeof rule.key === "string" ? rule.key === key : rule.key.test(key))),
    );
    if (armed === undefined) return undefined;
    armed.left -= 1;
    armed.fire();
    return armed.fault;
  }
}
