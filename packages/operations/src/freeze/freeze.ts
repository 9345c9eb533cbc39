import { type FreezePort, type FreezeState, qualifiedName, RunbackError, type TableRef } from "@runback/core";
import { appendAudit } from "../audit/append.ts";
import { requireAuditTable } from "../audit/require-audit-table.ts";
import type { Context } from "../context.ts";

export interface FreezeOptions {
  readonly operator: string;
  readonly auditTable: TableRef;
}

/** The document `freeze on|off|status --json` prints. */
export interface FreezeResult {
  readonly frozen: boolean;
  readonly reason: string | null;
  readonly operator: string | null;
  readonly since: string | null;
  /** Tables that refuse writes. */
  readonly tables: readonly string[];
  /** Tables that were made since, and do not. */
  readonly open: readonly string[];
}

/** A step of an import is done in half a second; who writes for longer is not waited for. */
const lockTimeoutMs = 10_000;

/**
 * Keeps everybody from writing to tables of users until `freezeOff`, this process's end or not. Waits for writers that are under
 * way: when it returns, none is. Runback's own rollbacks and restores still write; audit trails and Runback's own tables stay open.
 * Done again, it covers tables that were made since.
 *
 * @throws `FREEZE_UNSUPPORTED`, `FREEZE_ON` with another reason, `AUDIT_TABLE_MISSING`, `LOCK_TIMEOUT`: nothing was changed then
 */
export async function freezeOn(context: Context, options: FreezeOptions & { reason: string }): Promise<FreezeResult> {
  const { engine, clock, logger } = context;
  const { operator, reason, auditTable } = options;
  const port = freezePort(context);
  await engine.init();
  await requireAuditTable(context, auditTable);
  const keep = await engine.audit.tables(engine);
  const state = await engine.transaction(
    async (tx) => {
      // Two at once: the second finds the first one's.
      await engine.lockInit(tx);
      const before = await port.state(tx, keep);
      if (before !== null && before.reason !== reason) throw already(before);
      const about = before ?? { reason, operator, since: clock.now().toISOString() };
      if (before === null || before.open.length > 0) {
        await port.freeze(tx, about, keep);
        await appendAudit(tx, engine.dialect, auditTable, "migration:freeze:on", {
          operator,
          reason,
          since: about.since,
          tables: (await port.state(tx, keep))!.frozen.length,
        });
      }
      return await port.state(tx, keep);
    },
    { lockTimeoutMs },
  );
  logger.log("warn", "freeze.on", { operator, tables: state!.frozen.length });
  return result(state);
}

/** Lifts the freeze; nothing when none is on. @throws `FREEZE_UNSUPPORTED`, `AUDIT_TABLE_MISSING`, `LOCK_TIMEOUT` */
export async function freezeOff(context: Context, options: FreezeOptions): Promise<FreezeResult> {
  const { engine, logger } = context;
  const { operator, auditTable } = options;
  const port = freezePort(context);
  await engine.init();
  await requireAuditTable(context, auditTable);
  const keep = await engine.audit.tables(engine);
  await engine.transaction(
    async (tx) => {
      await engine.lockInit(tx);
      const before = await port.state(tx, keep);
      if (before === null) return;
      await port.thaw(tx);
      await appendAudit(tx, engine.dialect, auditTable, "migration:freeze:off", {
        operator,
        reason: before.reason,
        since: before.since,
        frozen_by: before.operator,
      });
    },
    { lockTimeoutMs },
  );
  logger.log("warn", "freeze.off", { operator });
  return result(null);
}

/** What is on now; nothing is on where an engine has no freeze. */
export async function freezeState({ engine }: Pick<Context, "engine">): Promise<FreezeResult> {
  if (engine.freeze === undefined) return result(null);
  // Without Runback's tables there is neither a freeze nor an audit trail to ask for.
  const { applied } = await engine.diagnosis.ownTables(engine);
  if (applied.length === 0) return result(null);
  return result(await engine.freeze.state(engine, await engine.audit.tables(engine)));
}

function result(state: FreezeState | null): FreezeResult {
  return {
    frozen: state !== null,
    reason: state?.reason ?? null,
    operator: state?.operator ?? null,
    since: state?.since ?? null,
    tables: state?.frozen.map(qualifiedName) ?? [],
    open: state?.open.map(qualifiedName) ?? [],
  };
}

function freezePort({ engine }: Context): FreezePort {
  if (engine.capabilities.writeFreeze && engine.freeze) return engine.freeze;
  throw new RunbackError("FREEZE_UNSUPPORTED", `Runback cannot freeze writes of a ${engine.name} target.`, {
    recovery: "Nothing was changed. Stop the programs that write, or take their rights to write.",
    status: 409,
  });
}

function already({ reason, operator, since }: FreezeState): RunbackError {
  return new RunbackError("FREEZE_ON", `${operator} froze this target at ${since}: ${reason}.`, {
    recovery:
      "Nothing was changed. Ask them, then lift it with `runback freeze off` before freezing for another reason.",
    status: 409,
    details: { reason, operator, since },
  });
}
