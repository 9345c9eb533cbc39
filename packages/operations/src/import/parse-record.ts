import { type EntityDeclaration, isRefusal, type ParseContext, type Refusal, type TextRow } from "@runback/core";
import type { CsvRecord } from "./csv-source.ts";

/** Turns a record into a row of the raw table; a refused one keeps its line, its id and its reason, and no values. */
export function parseRecord(entity: EntityDeclaration, record: CsvRecord, context: ParseContext): TextRow {
  const sid = record.value(entity.sourceId).trim();
  const refused = ({ reason, message }: Refusal): TextRow => [
    String(record.row),
    sid === "" ? null : sid.slice(0, 200),
    ...entity.fields.map(() => null),
    ...entity.references.map(() => null),
    reason,
    message,
  ];
  if (record.refusal !== null) return refused(record.refusal);
  if (sid === "") return refused({ reason: "missing-value", message: `${entity.sourceId} is empty` });
  if (sid.length > 200)
    return refused({ reason: "too-long", message: `${entity.sourceId} is longer than 200 characters` });
  const row: (string | null)[] = [String(record.row), sid];
  for (const field of entity.fields) {
    const parsed = field.parse(field.from.map(record.value), context);
    if (isRefusal(parsed)) return refused(parsed);
    row.push(parsed);
  }
  for (const reference of entity.references) {
    const value = record.value(reference.from).trim();
    if (value === "") return refused({ reason: "missing-value", message: `${reference.from} is empty` });
    row.push(value);
  }
  row.push(null, null);
  return row;
}
