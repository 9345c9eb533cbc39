import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { Transform } from "node:stream";
import { type EntityDeclaration, type Refusal, RunbackError } from "@runback/core";
import { CsvError, parse } from "csv-parse";

export interface CsvRecord {
  /** Line of the file the record starts on; the header is line 1. */
  readonly row: number;
  /** The record's value in a column; "" when it is missing. */
  readonly value: (column: string) => string;
  /** Why the whole record is refused, before any column is looked at. */
  readonly refusal: Refusal | null;
}

export interface CsvFile {
  /** Relative to the source folder. */
  readonly path: string;
  readonly records: AsyncIterable<CsvRecord>;
  /** SHA-256 of the bytes; known once all records were read. */
  readonly sha256: () => string;
}

/** A field larger than this is a broken file, not a record: an unclosed quote swallows everything after it. */
const maxRecordBytes = 64 * 1024 * 1024;

/** Opens the entity's file in a source folder. @throws `SOURCE_NOT_FOUND`, and while reading `SOURCE_INVALID` */
export function openCsv(folder: string, entity: EntityDeclaration): CsvFile {
  const path = entity.files.find((file) => existsSync(join(folder, file)));
  if (path === undefined) {
    throw new RunbackError(
      "SOURCE_NOT_FOUND",
      `The source has no file for ${entity.name} (looked for ${entity.files.join(", ")}).`,
      {
        recovery: "Nothing was written. Point --source at the folder of the export.",
        details: { entity: entity.name },
      },
    );
  }
  const hash = createHash("sha256");
  return {
    path,
    records: read(join(folder, path), path, requiredColumns(entity), hash),
    sha256: () => hash.copy().digest("hex"),
  };
}

export function requiredColumns(entity: EntityDeclaration): string[] {
  return [
    ...new Set([
      entity.sourceId,
      ...entity.references.map((each) => each.from),
      ...entity.fields.flatMap((field) => field.from),
    ]),
  ];
}

async function* read(
  file: string,
  path: string,
  required: readonly string[],
  hash: ReturnType<typeof createHash>,
): AsyncIterable<CsvRecord> {
  // Latin-1 maps bytes to characters one to one, so the parser never sees broken UTF-8; each field is decoded by itself.
  const parser = parse({
    encoding: "latin1",
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: maxRecordBytes,
    skip_empty_lines: false,
  });
  const input = createReadStream(file, { highWaterMark: 64 * 1024 });
  input.on("error", (error) => parser.destroy(error));
  input
    .pipe(withoutByteOrderMark(hash, path))
    .on("error", (error) => parser.destroy(error))
    .pipe(parser);
  let header: Map<string, number> | undefined;
  let line = 1;
  try {
    for await (const fields of parser as AsyncIterable<string[]>) {
      const row = line;
      line += 1 + fields.reduce((lines, field) => lines + countLines(field), 0);
      if (header === undefined) {
        header = readHeader(fields, path, required);
        continue;
      }
      if (fields.length === 1 && fields[0]!.trim() === "") continue;
      yield toRecord(row, fields, header);
    }
  } catch (error) {
    if (error instanceof RunbackError) throw error;
    const why =
      error instanceof CsvError && error.code === "CSV_QUOTE_NOT_CLOSED"
        ? "a quoted field is never closed"
        : (error as Error).message;
    throw invalid(path, `${why} (after line ${line})`);
  }
  if (header === undefined) throw invalid(path, "the file is empty");
}

function readHeader(fields: readonly string[], path: string, required: readonly string[]): Map<string, number> {
  const names = fields.map((field) => decode(field)?.trim() ?? "");
  if (names.every((name) => name === "")) throw invalid(path, "the file is empty");
  const missing = required.filter((name) => !names.includes(name));
  if (missing.length > 0) throw invalid(path, `column ${missing.map((name) => `"${name}"`).join(", ")} is missing`);
  const twice = required.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (twice !== undefined) throw invalid(path, `column "${twice}" is there twice`);
  return new Map(names.map((name, at) => [name, at]));
}

function toRecord(row: number, raw: readonly string[], header: ReadonlyMap<string, number>): CsvRecord {
  let refusal: Refusal | null = null;
  if (raw.length !== header.size) {
    refusal = { reason: "ragged-row", message: `has ${raw.length} fields, the header has ${header.size}` };
  }
  const fields: string[] = [];
  for (const field of raw) {
    const text = decode(field);
    if (text === null) refusal ??= { reason: "invalid-encoding", message: "is not UTF-8" };
    else if (text.includes("\0")) refusal ??= { reason: "invalid-character", message: "contains a NUL character" };
    fields.push(text ?? "");
  }
  return { row, refusal, value: (column) => fields[header.get(column)!] ?? "" };
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ascii = /^\p{ASCII}*$/u;

function decode(latin1: string): string | null {
  if (ascii.test(latin1)) return latin1;
  try {
    return strict.decode(Buffer.from(latin1, "latin1"));
  } catch {
    return null;
  }
}

function countLines(field: string): number {
  if (!field.includes("\n")) return 0;
  let lines = 0;
  for (let at = field.indexOf("\n"); at !== -1; at = field.indexOf("\n", at + 1)) lines++;
  return lines;
}

function withoutByteOrderMark(hash: ReturnType<typeof createHash>, path: string): Transform {
  let first = true;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      if (!first) return done(null, chunk);
      first = false;
      if ((chunk[0] === 0xff && chunk[1] === 0xfe) || (chunk[0] === 0xfe && chunk[1] === 0xff)) {
        return done(invalid(path, "the file is UTF-16"));
      }
      done(null, chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? chunk.subarray(3) : chunk);
    },
  });
}

function invalid(path: string, why: string): RunbackError {
  return new RunbackError("SOURCE_INVALID", `${path}: ${why}.`, {
    recovery: "Nothing was written. Export the file again as UTF-8 CSV with its header, then repeat the import.",
    details: { file: path },
  });
}
