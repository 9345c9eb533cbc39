/** What an import did or, dry, would do. The document `import --json` prints. */
export interface ImportResult {
  readonly runId: string;
  readonly dryRun: boolean;
  readonly planDigest: string;
  readonly durationMs: number;
  readonly entities: Readonly<Record<string, EntityCounts>>;
  readonly quarantine: readonly RefusedRow[];
  /** Rows refused in all; `quarantine` lists the first of them. */
  readonly quarantineTotal: number;
  readonly bundle: { readonly path: string; readonly sha256: string } | null;
  readonly warnings: readonly ImportWarning[];
  readonly samples: Readonly<Record<string, readonly PlanSample[]>>;
}

/** created + updated + unchanged + quarantined + conflicts = parsed. */
export interface EntityCounts {
  readonly parsed: number;
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly quarantined: number;
  readonly conflicts: number;
}

export interface RefusedRow {
  readonly entity: string;
  /** Line of the file the record starts on; the header is line 1. */
  readonly row: number;
  /** The record's source id, when it has one. */
  readonly waId: string | null;
  readonly reason: string;
  readonly message: string;
}

export interface ImportWarning {
  readonly code: string;
  readonly level: "high" | "medium";
  readonly message: string;
}

/** One row of the plan, by ids: what would be created or updated, and which columns would change. */
export interface PlanSample {
  readonly row: number;
  readonly sourceId: string;
  readonly action: "create" | "update";
  readonly targetId: string;
  readonly changes: readonly string[];
}
