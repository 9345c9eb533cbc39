import { RunbackError } from "@runback/core";
import type { Context } from "@runback/operations";

export interface DependencyHealth {
  readonly ok: boolean;
  readonly ms: number;
  /** Stable code of what is wrong; nothing of the dependency's own words, since anybody may ask. */
  readonly code: string | null;
}

export interface Health {
  readonly ok: boolean;
  readonly dependencies: {
    readonly target: DependencyHealth;
    readonly ownTables: DependencyHealth;
    readonly vault: DependencyHealth;
  };
}

/** A load balancer waits about this long; a dependency that needs longer is as good as down. */
const patienceMs = 5_000;

/** Asks each dependency one small question. Never throws: a dependency that cannot be asked is not healthy. */
export async function health({ engine, vault, clock }: Pick<Context, "engine" | "vault" | "clock">): Promise<Health> {
  const ask = async (question: () => Promise<unknown>): Promise<DependencyHealth> => {
    const began = clock.now().getTime();
    const code = await within(question);
    return { ok: code === null, ms: clock.now().getTime() - began, code };
  };
  const [target, ownTables, store] = await Promise.all([
    ask(() => engine.query("SELECT 1")),
    ask(() => engine.store.runs(engine, { limit: 1 })),
    ask(() => holdsNewestBundle({ engine, vault })),
  ]);
  return { ok: target.ok && ownTables.ok && store.ok, dependencies: { target, ownTables, vault: store } };
}

/**
 * A vault that answers may still be the wrong one, or empty: it must have the evidence that was put there last. While the
 * target does not answer, it is only asked anything at all.
 */
async function holdsNewestBundle({ engine, vault }: Pick<Context, "engine" | "vault">): Promise<void> {
  const { runs } = await engine.store.runs(engine, { limit: 20 }).catch(() => ({ runs: [] }));
  const newest = runs.find((run) => run.mode === "live" && run.bundle !== null)?.bundle;
  const found = await vault.head(newest ? `${newest.path}/SHA256SUMS` : "health");
  if (newest && found === undefined) {
    throw new RunbackError("BUNDLE_NOT_FOUND", "The vault does not have the newest bundle.", {
      recovery: "Check VAULT_URL: it names another vault than the one the last run wrote to, or that one was emptied.",
    });
  }
}

async function within(question: () => Promise<unknown>): Promise<string | null> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve("TIMEOUT"), patienceMs);
  try {
    return await Promise.race([question().then(() => null, failureCode), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function failureCode(error: unknown): string {
  if (error instanceof RunbackError) return error.code;
  // An undefined table or schema: `init` was never run here.
  const state = String((error as { code?: unknown }).code ?? "");
  return state === "42P01" || state === "3F000" ? "NOT_INITIALISED" : "UNEXPECTED";
}
