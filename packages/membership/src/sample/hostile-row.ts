import { csvRow } from "./csv-file.ts";

export type Outcome = "quarantined" | "conflict";

/** One record of the hostile export and what an import is expected to make of it. */
export interface HostileRow {
  /** The row's own source id; null when it carries none. */
  readonly waId: string | null;
  /** The record as it stands in the file, with its line end. */
  readonly bytes: Buffer;
  /** Absent for a row that imports. */
  readonly refusal?: { readonly outcome: Outcome; readonly reason: string };
}

function row(fields: readonly string[], encoding: "utf8" | "latin1", refusal?: HostileRow["refusal"]): HostileRow {
  const base = { waId: fields[0] || null, bytes: Buffer.from(csvRow(fields), encoding) };
  return refusal === undefined ? base : { ...base, refusal };
}

/** A row that looks odd and is right. */
export const good = (...fields: string[]): HostileRow => row(fields, "utf8");

/** A row that must be refused for a reason. */
export const quarantined = (reason: string, ...fields: string[]): HostileRow =>
  row(fields, "utf8", { outcome: "quarantined", reason });

/** A valid row that contradicts one before it. */
export const conflict = (reason: string, ...fields: string[]): HostileRow =>
  row(fields, "utf8", { outcome: "conflict", reason });

/** A row saved as Latin-1 inside a UTF-8 file: its accents are not UTF-8, and guessing would change a name. */
export const latin1 = (...fields: string[]): HostileRow =>
  row(fields, "latin1", { outcome: "quarantined", reason: "invalid-encoding" });
