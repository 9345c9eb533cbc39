/** What the service allows (Aurora User Guide, "Limitations for the Amazon RDS Data API", and the API reference). */

/** Characters of one statement. */
export const statementCharacters = 65_536;

/** Bytes of one request with its headers and JSON; half a per cent is left for the headers. */
export const requestBytes = 4 * 1024 * 1024 - 20_000;

/**
 * Answers are cut into rows of this many characters, and this many rows are asked for at once: 48 kB a row and 960 kB an
 * answer if each of them takes four bytes, where 64 KiB and 1 MiB are allowed. The limit must not be found by hitting it: an
 * answer that is too large ends the transaction it belongs to.
 */
export const pieceCharacters = 12_000;
export const piecesAtOnce = 20;

/**
 * Rows of the largest table that a restore builds. A statement ends after 45 seconds, and an index over the whole table is one:
 * 2,000,000 rows took about 2 s where it was measured, so this many take 10 s there, and 40 on a server a quarter as fast.
 */
export const restoredRows = 10_000_000;
