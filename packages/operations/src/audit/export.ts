import { createHash } from "node:crypto";
import { type AuditRecord, auditRelation, type TableRef } from "@runback/core";
import type { Context } from "../context.ts";

export interface AuditExportResult {
  readonly relation: string;
  readonly lines: number;
  readonly bytes: number;
  /** Of everything that was written, lower-case hex. */
  readonly sha256: string;
}

/** Lines are handed on in pieces of about this size. */
const pieceBytes = 256 * 1024;

/**
 * Writes the whole trail as NDJSON in chain order, then entries that are on no chain. Each line ends with the entry in the
 * very text that was hashed, so that the chain can be recomputed from the file alone (docs/audit.md).
 *
 * @param sink takes the next bytes; the next piece is read only when it returns
 */
export async function auditExport(
  { engine }: Pick<Context, "engine">,
  auditTable: TableRef,
  sink: (piece: Uint8Array) => Promise<void> | void,
): Promise<AuditExportResult> {
  const hash = createHash("sha256");
  let [lines, bytes, pending] = [0, 0, ""];
  const flush = async () => {
    if (pending === "") return;
    const piece = Buffer.from(pending);
    pending = "";
    hash.update(piece);
    bytes += piece.byteLength;
    await sink(piece);
  };
  await engine.transaction(
    async (tx) => {
      for await (const record of engine.audit.records(tx, auditTable)) {
        pending += lineOf(record);
        lines++;
        if (pending.length >= pieceBytes) await flush();
      }
    },
    { isolation: "snapshot", readOnly: true },
  );
  await flush();
  return { relation: auditRelation(auditTable), lines, bytes, sha256: hash.digest("hex") };
}

function lineOf({ seq, entry, rowSha256, previous, sha256, hashed, later }: AuditRecord): string {
  const link = JSON.stringify({ seq, id: entry, rowSha256, previous, sha256 }).slice(0, -1);
  return `${link}${later === null ? "" : `,"later":${later}`},"entry":${hashed ?? "null"}}\n`;
}
