import type { Connection, Dialect, Phase } from "@runback/core";
import { cutoverTables } from "./cutover-tables.ts";

/** What was measured or done. Never changed, only added to. */
export type EvidenceKind = "gate" | "monitor" | "guard" | "advance" | "retreat" | "compare";

export interface Evidence {
  readonly cutover: string;
  readonly kind: EvidenceKind;
  /** The phase the cutover was in. */
  readonly phase: Phase;
  /** `open`, `closed` of a gate; `clean`, `failed`, `unmeasured` of a monitor run; `passed`, `failed` of the guard; `done` of a move; `on`, `off`. */
  readonly outcome: string;
  /** UTC instant. */
  readonly at: string;
  readonly operator: string | null;
  /** Counts, ids and digests; nothing personal. */
  readonly data: unknown;
}

export type StoredEvidence = Evidence & { readonly seq: string };

/** Puts something on record. */
export async function addEvidence(tx: Connection, dialect: Dialect, evidence: Evidence): Promise<void> {
  await tx.query(
    `INSERT INTO ${cutoverTables(dialect).evidence} (cutover, kind, phase, outcome, at, operator, data)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      evidence.cutover,
      evidence.kind,
      evidence.phase,
      evidence.outcome,
      evidence.at,
      evidence.operator,
      JSON.stringify(evidence.data),
    ],
  );
}

/** The newest evidence of a cutover, newest first; of one kind, or of all. */
export async function newestEvidence(
  connection: Connection,
  dialect: Dialect,
  about: { readonly cutover: string; readonly kind?: EvidenceKind; readonly limit: number },
): Promise<StoredEvidence[]> {
  const { evidence } = cutoverTables(dialect);
  const { cutover, kind, limit } = about;
  const { rows } = await connection.query<Omit<StoredEvidence, "data"> & { data: string }>(
    `SELECT seq, cutover, kind, phase, outcome, at, operator, data FROM ${evidence}
     WHERE cutover = $1 ${kind === undefined ? "" : "AND kind = $2"} ORDER BY seq DESC LIMIT ${Math.trunc(limit)}`,
    kind === undefined ? [cutover] : [cutover, kind],
  );
  return rows.map((row) => ({
    ...row,
    seq: String(row.seq),
    phase: Number(row.phase) as Phase,
    data: JSON.parse(row.data) as unknown,
  }));
}
