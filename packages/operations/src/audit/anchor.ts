import { type AuditHead, auditRelation, RunbackError, type TableRef } from "@runback/core";
import type { Context } from "../context.ts";
import { type AuditAnchor, anchorKey, anchorKeys, readAnchor } from "./anchors.ts";

export interface AnchorResult {
  /** False when the newest anchor already covers the whole chain. */
  readonly anchored: boolean;
  readonly key: string | null;
  readonly head: AuditHead | null;
}

/** What the trail of a migration is kept for at least. */
export function anchorRetention(now: Date): Date {
  const until = new Date(now);
  until.setUTCFullYear(until.getUTCFullYear() + 2);
  return until;
}

/**
 * Writes the chain's head to the vault, once and locked, so that whoever can rewrite the whole chain in the target is
 * still found out. Does nothing when no entry came since the last time.
 *
 * @param retainUntil default two years from now; `null` writes without a lock, for a vault that has none
 * @throws `AUDIT_CHAIN_BROKEN` when the chain does not continue what was anchored before: nothing is written then, since an anchor
 *   would lend a rebuilt chain the newest date. `VAULT_LOCK_UNSUPPORTED`
 */
export async function auditAnchor(
  context: Context,
  auditTable: TableRef,
  retainUntil: Date | null = anchorRetention(context.clock.now()),
): Promise<AnchorResult> {
  const { engine, vault, clock } = context;
  const newestKey = (await anchorKeys(vault, auditTable)).at(-1);
  const newest = newestKey === undefined ? undefined : await readAnchor(vault, auditTable, newestKey);
  const { head, problemCount, link } = await engine.transaction(
    async (tx) => {
      const chain = await engine.audit.verify(tx, auditTable, 1);
      const links = await engine.audit.linksAt(tx, auditTable, newest ? [newest.seq] : []);
      return { ...chain, link: newest && links.get(newest.seq) };
    },
    { isolation: "snapshot", readOnly: true },
  );
  if (problemCount > 0 || link !== newest?.sha256) throw broken(auditTable);
  if (head === null || head.seq === newest?.seq) return { anchored: false, key: newestKey ?? null, head };
  const key = anchorKey(auditTable, head.seq);
  const anchor: AuditAnchor = { relation: auditRelation(auditTable), ...head, at: clock.now().toISOString() };
  try {
    await vault.put(key, Buffer.from(`${JSON.stringify(anchor)}\n`), {
      ifAbsent: true,
      contentType: "application/json",
      ...(retainUntil === null ? {} : { retainUntil }),
    });
  } catch (error) {
    if (!(error instanceof RunbackError && error.code === "VAULT_EXISTS")) throw error;
    // Somebody else anchored the same head in this moment; another one under its place is another chain.
    if ((await readAnchor(vault, auditTable, key)).sha256 !== head.sha256) throw broken(auditTable);
    return { anchored: false, key, head };
  }
  return { anchored: true, key, head };
}

function broken(table: TableRef): RunbackError {
  return new RunbackError(
    "AUDIT_CHAIN_BROKEN",
    `The audit trail ${auditRelation(table)} does not continue what was anchored, or does not hold in itself.`,
    {
      recovery:
        "Nothing was anchored. Run `runback audit verify` to see what differs. A target that was restored to an earlier state, or a vault that two targets share, shows the same way.",
      exit: 1,
      status: 409,
    },
  );
}
