import { type AuditHead, type AuditProblem, auditRelation, RunbackError, type TableRef } from "@runback/core";
import type { Context } from "../context.ts";
import { type AuditAnchor, anchorKeys, readAnchor } from "./anchors.ts";

export interface AuditVerifyResult {
  readonly ok: boolean;
  readonly relation: string;
  readonly entries: number;
  readonly head: AuditHead | null;
  /** Anchors in the vault that were compared, and the newest place they cover; entries after it are proven by the chain alone. */
  readonly anchors: { readonly checked: number; readonly newestSeq: number | null };
  /** The first 1,000; `problemCount` counts all. */
  readonly problems: readonly AuditProblem[];
  readonly problemCount: number;
}

const problemsListed = 1_000;
/** Two years of daily anchors are 730 small reads; so many at once take seconds. */
const readsAtOnce = 16;

/**
 * Recomputes an audit trail: every entry's hash, every link, entries off the chain, links without an entry, the head, and
 * every anchor in the vault, all of it in one snapshot. What cannot be checked is a problem, never a pass.
 *
 * Never throws for what it finds or cannot reach.
 */
export async function auditVerify(context: Context, auditTable: TableRef): Promise<AuditVerifyResult> {
  const { engine } = context;
  // Before the snapshot: an anchor written meanwhile would lie beyond it.
  const { anchors, problems: unread } = await readAnchors(context, auditTable);
  try {
    const { chain, lost } = await engine.transaction(
      async (tx) => ({
        chain: await engine.audit.verify(tx, auditTable, problemsListed),
        lost: compareAnchors(
          anchors,
          await engine.audit.linksAt(
            tx,
            auditTable,
            anchors.map(({ seq }) => seq),
          ),
        ),
      }),
      { isolation: "snapshot", readOnly: true },
    );
    const about = [...unread, ...lost];
    const problemCount = about.length + chain.problemCount;
    return {
      ok: problemCount === 0,
      relation: auditRelation(auditTable),
      entries: chain.entries,
      head: chain.head,
      anchors: { checked: anchors.length, newestSeq: anchors.at(-1)?.seq ?? null },
      problems: [...about, ...chain.problems].slice(0, problemsListed),
      problemCount,
    };
  } catch (error) {
    const detail = `the chain could not be read: ${codeOf(error)}`;
    context.logger.log("error", "audit.verify", { relation: auditRelation(auditTable), code: codeOf(error) });
    const problems = [...unread, { kind: "broken-link", entry: null, seq: null, detail } satisfies AuditProblem];
    return {
      ok: false,
      relation: auditRelation(auditTable),
      entries: 0,
      head: null,
      anchors: { checked: 0, newestSeq: null },
      problems,
      problemCount: problems.length,
    };
  }
}

/** Anchors that are not on the chain as it is now. */
export function compareAnchors(anchors: readonly AuditAnchor[], links: ReadonlyMap<number, string>): AuditProblem[] {
  return anchors
    .filter(({ seq, sha256 }) => links.get(seq) !== sha256)
    .map(({ seq, at }) => ({
      kind: "anchor-mismatch",
      entry: null,
      seq,
      detail: links.has(seq)
        ? `link ${seq} is not the one that was anchored at ${at}: the chain was rebuilt`
        : `link ${seq}, anchored at ${at}, is not on the chain any more: it was cut back`,
    }));
}

async function readAnchors(
  { vault }: Context,
  table: TableRef,
): Promise<{ anchors: AuditAnchor[]; problems: AuditProblem[] }> {
  const anchors: AuditAnchor[] = [];
  const problems: AuditProblem[] = [];
  const failed = (error: unknown, what: string) =>
    problems.push({ kind: "anchor-mismatch", entry: null, seq: null, detail: `${what}: ${codeOf(error)}` });
  try {
    const keys = await anchorKeys(vault, table);
    for (let at = 0; at < keys.length; at += readsAtOnce) {
      const group = keys.slice(at, at + readsAtOnce);
      const read = await Promise.allSettled(group.map((key) => readAnchor(vault, table, key)));
      read.forEach((result, index) => {
        if (result.status === "fulfilled") anchors.push(result.value);
        else failed(result.reason, `anchor ${group[index]} could not be read`);
      });
    }
  } catch (error) {
    failed(error, "the anchors could not be listed");
  }
  return { anchors, problems };
}

/** A stable code: a driver's own words may hold values of rows. */
function codeOf(error: unknown): string {
  if (error instanceof RunbackError) return error.code;
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" ? code : "UNEXPECTED";
}
