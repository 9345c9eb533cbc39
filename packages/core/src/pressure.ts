/** What other sessions of a target have to bear at this moment, as far as the engine tells. */
export interface Pressure {
  /** Sessions that wait for a lock; null where they cannot be seen. */
  readonly waiting: number | null;
  /** Another text after every commit of another session, where sessions that wait cannot be seen; null elsewhere. */
  readonly commits: string | null;
}
