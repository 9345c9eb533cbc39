import type { AuditHead, AuditProblem, AuditVerification } from "@runback/core";
import { emptyChain } from "./empty-chain.ts";

/** What an engine read of a chain and its table, in one snapshot. */
export interface ChainReading {
  readonly entries: number;
  /** What the head row says; null when it is gone. */
  readonly recorded: AuditHead | null;
  /** The last link; null when there is none. */
  readonly last: AuditHead | null;
  /** What is missing of the table's protection. */
  readonly gaps: readonly string[];
  /** The problems of links and entries, as many as were asked for, each with how many there are in all. */
  readonly found: readonly FoundProblem[];
}

export interface FoundProblem {
  readonly kind: AuditProblem["kind"];
  readonly entry: string | null;
  readonly seq: string | number | null;
  readonly detail: string;
  readonly total: string | number;
}

/** @param limit problems listed at most; all are counted */
export function auditVerification(reading: ChainReading, limit: number): AuditVerification {
  const about = [...reading.gaps.map((gap) => problem("unchained", null, gap)), ...headProblems(reading)];
  const listed = reading.found.map(({ kind, entry, seq, detail }) => ({
    kind,
    entry,
    seq: seq === null ? null : Number(seq),
    detail,
  }));
  return {
    entries: reading.entries,
    head: reading.last,
    problems: [...about, ...listed].slice(0, limit),
    problemCount: about.length + Number(reading.found[0]?.total ?? 0),
  };
}

/** An audit table that is gone is no empty one. */
export const noAuditTable: AuditVerification = {
  entries: 0,
  head: null,
  problems: [problem("truncated", null, "the audit table is not there")],
  problemCount: 1,
};

function headProblems({ recorded, last }: ChainReading): AuditProblem[] {
  const end = last ?? { seq: 0, sha256: emptyChain };
  if (recorded === null)
    return [problem("truncated", null, "the chain has no head: it was removed, or the table was never protected")];
  if (end.seq < recorded.seq)
    return [problem("truncated", end.seq, `the chain ends at ${end.seq}, its head says ${recorded.seq}`)];
  if (end.seq === recorded.seq && end.sha256 === recorded.sha256) return [];
  return [problem("broken-link", end.seq, `the head (${recorded.seq}) is not the last link (${end.seq})`)];
}

function problem(kind: AuditProblem["kind"], seq: number | null, detail: string): AuditProblem {
  return { kind, entry: null, seq, detail };
}
