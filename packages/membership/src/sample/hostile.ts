import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256 } from "@runback/core";
import { csvRow } from "./csv-file.ts";
import { eventColumns } from "./events.ts";
import { exportPaths } from "./export-paths.ts";
import { hostileEvents } from "./hostile-events.ts";
import { hostileMembers, hugeMember } from "./hostile-members.ts";
import { hostileRegistrations } from "./hostile-registrations.ts";
import type { HostileRow, Outcome } from "./hostile-row.ts";
import { memberColumns } from "./members.ts";
import { registrationColumns } from "./registrations.ts";
import type { ExportFile } from "./write-sample-export.ts";

export type ExportEntity = keyof typeof exportPaths;

export interface ExpectedRefusal {
  readonly entity: ExportEntity;
  /** The line of the file that the record starts on; the header is 1. */
  readonly row: number;
  /** The row's own source id; null when it carries none. */
  readonly waId: string | null;
  readonly outcome: Outcome;
  /** Short kebab-case name of what is wrong. */
  readonly reason: string;
}

export interface HostileExport {
  readonly files: readonly ExportFile[];
  /** Every row that must not import, in file order: members, events, registrations. */
  readonly expected: readonly ExpectedRefusal[];
  /** How many rows import; with the refused ones they add up to the rows of the file. */
  readonly good: Readonly<Record<ExportEntity, number>>;
}

export interface HostileOptions {
  /** Adds a member with a field of 10 MiB. Default false, since most tests are better off with a small file. */
  readonly hugeField?: boolean;
}

const hugeFieldBytes = 10 * 1024 * 1024;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const lineFeed = 0x0a;

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, at + 1)) lines++;
  return lines;
}

/**
 * Writes a small export with every kind of bad input: ragged rows, quoted commas and line ends, a byte order mark (in the
 * members file), Latin-1 and NUL bytes, ids and addresses given twice, days that do not exist, unknown statuses, levels,
 * contacts and events, limits below zero, ends before starts, empty required fields; the registrations file has no last
 * line end. Files are replaced when present, and their bytes are always the same.
 *
 * @returns what an import into an empty target has to refuse, row by row, and how many rows it has to accept. A level
 * without a tier counts as refused: nothing may be defaulted to hide it.
 */
export async function writeHostileExport(directory: string, options: HostileOptions = {}): Promise<HostileExport> {
  const huge = options.hugeField === true ? [hugeMember(hugeFieldBytes)] : [];
  const members = hostileMembers.toSpliced(-1, 0, ...huge);
  const parts: readonly (readonly [ExportEntity, readonly string[], readonly HostileRow[]])[] = [
    ["members", memberColumns, members],
    ["events", eventColumns, hostileEvents],
    ["registrations", registrationColumns, hostileRegistrations],
  ];
  const files: ExportFile[] = [];
  const expected: ExpectedRefusal[] = [];
  const good = { members: 0, events: 0, registrations: 0 };
  for (const [entity, columns, rows] of parts) {
    let line = 2;
    for (const { waId, bytes, refusal } of rows) {
      if (refusal === undefined) good[entity]++;
      else expected.push({ entity, row: line, waId, ...refusal });
      line += countLines(bytes);
    }
    const content = Buffer.concat([Buffer.from(csvRow(columns)), ...rows.map(({ bytes }) => bytes)]);
    const written = entity === "members" ? Buffer.concat([byteOrderMark, content]) : content;
    const complete = entity === "registrations" ? written.subarray(0, -2) : written;
    const path = exportPaths[entity];
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), complete);
    files.push({ path, rows: rows.length, sha256: sha256(complete) });
  }
  return { files, expected, good };
}
