import type { ImportDeclaration } from "@runback/core";
import type { Policies } from "../policies.ts";

export interface ImportOptions {
  readonly declaration: ImportDeclaration;
  /** As configured; defaults are added. */
  readonly policies: Policies;
  /** Folder of the export. */
  readonly source: string;
  readonly operator: string;
  readonly dryRun: boolean;
  /** Plan digest that was reviewed: the live run refuses to execute any other plan. */
  readonly plan?: string;
  /** A live run needs the digest of a dry run that is at most this old (protected targets). */
  readonly requirePlan?: boolean;
  /** Also write the bundle to this folder. */
  readonly bundleFolder?: string;
}

/** A dry run older than this says little about the target as it is. */
export const maxPlanAgeMs = 24 * 60 * 60 * 1000;
