import { silentLogger } from "@runback/core";
import type { Context } from "@runback/operations";
import { type EngineName, freshTarget, type TestTarget } from "../support/engines.ts";
import { type OpenStore, STORES, type Store, type TestClock } from "../vault/stores.ts";

export interface TestContext extends AsyncDisposable {
  readonly context: Context;
  readonly clock: TestClock;
  readonly store: OpenStore;
}

export const auditTable = { schema: "runback", name: "audit" };

/** A protected audit table on a fresh target, and a vault of its own with a clock that tests move. */
export async function testContext(
  engine: EngineName,
  vault: Store = STORES[0]!,
): Promise<TestContext & { target: TestTarget }> {
  const target = await freshTarget(engine);
  const store = await vault.open();
  await target.engine.transaction((tx) => target.engine.protectAudit(tx, auditTable));
  const context: Context = {
    engine: target.engine,
    vault: store.vault,
    clock: store.clock,
    logger: silentLogger,
    holder: "tests:1",
    isDead: () => false,
  };
  return {
    target,
    context,
    clock: store.clock,
    store,
    [Symbol.asyncDispose]: async () => {
      await target[Symbol.asyncDispose]();
      await store.close();
    },
  };
}

/** Strict S3 with Object Lock, and without. */
export const lockedS3 = STORES.find((store) => store.name.includes("Object Lock"))!;
export const plainS3 = STORES.find((store) => store.name === "s3:// plain")!;
