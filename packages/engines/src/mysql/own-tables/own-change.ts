/** One change of Runback's own tables. Once released it is never edited: its hash is in every ledger. */
export interface OwnChange {
  readonly version: number;
  readonly name: string;
  /** Statements one by one: each commits by itself here, so each must be repeatable after a crash. */
  readonly sql: readonly string[];
}
