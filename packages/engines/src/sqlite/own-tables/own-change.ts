/** One change of Runback's own tables. Once released it is never edited: its hash is in every ledger. */
export interface OwnChange {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}
