/** What other sessions of a target have to bear at this moment, as far as the engine tells. */
export interface Pressure {
  /** Sessions that wait for a lock; null where they cannot be seen. */
  readonly waiting: number | null;
  /** Other sessions wrote since the transaction that `commits` was given by; false where that is not known. */
  readonly others: boolean;
  /** To be given to the next transaction that asks. */
  readonly commits: string;
}
