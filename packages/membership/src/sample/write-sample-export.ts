import { join } from "node:path";
import { writeCsvFile } from "./csv-file.ts";
import { eventColumns, eventRows } from "./events.ts";
import { type SampleOptions, sampleSize } from "./export-options.ts";
import { exportPaths } from "./export-paths.ts";
import { memberColumns, memberRows } from "./members.ts";
import { registrationColumns, registrationRows } from "./registrations.ts";

export interface ExportFile {
  /** Relative to the folder, with forward slashes: `members/wa-members-export.csv`. */
  readonly path: string;
  /** Records without the header. */
  readonly rows: number;
  /** Lower-case hex SHA-256 of the bytes. */
  readonly sha256: string;
}

export interface WrittenExport {
  /** Members, events, registrations, in this order. */
  readonly files: readonly ExportFile[];
}

/**
 * Writes a realistic Wild Apricot CSV export in which every row is valid: an import creates exactly the asked counts,
 * with nothing quarantined and nothing in conflict. Equal options give byte-identical files on any machine and day.
 * Memory does not grow with the number of rows.
 *
 * @param directory created when missing; existing files of the export are replaced
 * @throws `SAMPLE_OPTIONS` for a count that is none, or more registrations than members × events
 */
export async function writeSampleExport(directory: string, options: SampleOptions = {}): Promise<WrittenExport> {
  const size = sampleSize(options);
  const parts = [
    { path: exportPaths.members, columns: memberColumns, rows: memberRows(size) },
    { path: exportPaths.events, columns: eventColumns, rows: eventRows(size) },
    { path: exportPaths.registrations, columns: registrationColumns, rows: registrationRows(size) },
  ];
  const files: ExportFile[] = [];
  for (const { path, columns, rows } of parts) {
    files.push({ path, ...(await writeCsvFile(join(directory, path), columns, rows)) });
  }
  return { files };
}
