import { auditRelation, RunbackError, type TableRef, type Vault } from "@runback/core";
import { readAll } from "@runback/vault";

/** A head of the chain, as the vault keeps it where the target's own administrators cannot reach. */
export interface AuditAnchor {
  readonly relation: string;
  readonly seq: number;
  readonly sha256: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Where a table's anchors are, with the slash at its end. What a file name cannot hold is percent-encoded. */
export function anchorPrefix(table: TableRef): string {
  const name = auditRelation(table).replace(/[%/\\\p{Cc}]/gu, (char) => encodeURIComponent(char));
  return `audit/${name}/`;
}

/** Twelve digits: key order is chain order for a trillion entries. */
export function anchorKey(table: TableRef, seq: number): string {
  return `${anchorPrefix(table)}${String(seq).padStart(12, "0")}.json`;
}

/** Keys of all anchors of a table in chain order. */
export async function anchorKeys(vault: Vault, table: TableRef): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of vault.list(anchorPrefix(table))) keys.push(key);
  return keys;
}

const maxAnchorBytes = 4_096;

/** @throws `AUDIT_ANCHOR_DAMAGED` when the object is no anchor of this table, or not of the place its key names */
export async function readAnchor(vault: Vault, table: TableRef, key: string): Promise<AuditAnchor> {
  const bytes = await readAll(vault.get(key), maxAnchorBytes, "The audit anchor");
  const anchor = parse(Buffer.from(bytes).toString());
  if (anchor && anchor.relation === auditRelation(table) && key === anchorKey(table, anchor.seq)) return anchor;
  throw new RunbackError("AUDIT_ANCHOR_DAMAGED", `The object ${key} in ${vault.location} is no anchor of this table.`, {
    recovery: "Anchors are written once and locked: find out who wrote to the vault. Nothing was changed.",
    exit: 1,
    status: 409,
  });
}

function parse(text: string): AuditAnchor | undefined {
  try {
    const value = JSON.parse(text) as Partial<AuditAnchor> | null;
    const sound =
      typeof value?.relation === "string" &&
      Number.isSafeInteger(value.seq) &&
      typeof value.sha256 === "string" &&
      typeof value.at === "string";
    return sound ? (value as AuditAnchor) : undefined;
  } catch {
    return undefined;
  }
}
