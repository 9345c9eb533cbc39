import type { CheckResult, Connection, Engine, ImportDeclaration, Table, TableDigest } from "@runback/core";
import type { BundleSource } from "@runback/vault";
import type { BundleReport } from "./bundle-report.ts";

/** What every check is given: one snapshot of the target, the bundle, and the declaration both speak of. */
export interface CheckContext {
  readonly engine: Engine;
  /** A transaction that sees one moment. */
  readonly tx: Connection;
  readonly declaration: ImportDeclaration;
  readonly bundle: BundleSource;
  readonly report: BundleReport;
  readonly table: (ref: { schema: string; name: string }) => Table;
  /** SHA-256 of the bundle as the run recorded it on the target, when the run is known there. */
  readonly recordedBundle: string | null;
  readonly digests: (table: Table) => Promise<TableDigest>;
}

/** One check: a stable id, and a question whose failure to be asked is a failure. */
export interface Check extends Pick<CheckResult, "id" | "name" | "category"> {
  readonly run: (context: CheckContext) => Promise<CheckOutcome>;
}

export interface CheckOutcome extends Pick<CheckResult, "expected" | "actual" | "message"> {
  readonly outcome: "PASS" | "WARN" | "FAIL";
}
