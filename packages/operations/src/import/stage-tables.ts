import type { Dialect, EntityDeclaration, ImportDeclaration, LogicalType, TableRef } from "@runback/core";

/** Scratch tables of one run: what was parsed, and what is to become of it. */
export function rawTable(stage: string, entity: EntityDeclaration): TableRef {
  return { schema: "runback", name: `stage_${stage}_${entity.name}_raw` };
}

/** Between the two, where a server stores the first half of classification. */
export function judgedTable(stage: string, entity: EntityDeclaration): TableRef {
  return { schema: "runback", name: `stage_${stage}_${entity.name}_judged` };
}

export function planTable(stage: string, entity: EntityDeclaration): TableRef {
  return { schema: "runback", name: `stage_${stage}_${entity.name}` };
}

/** Part of a table name that is unique for a run: run ids are letters, digits and hyphens. */
export function stageName(runId: string): string {
  return runId.replace(/^run-/, "").replaceAll("-", "_").toLowerCase();
}

/** What the ids of an entity's rows, and of their mappings, are derived from besides source ids. */
export function idScopes({ name }: ImportDeclaration, { label }: EntityDeclaration): { row: string; mapping: string } {
  return { row: `${name}|${label}|`, mapping: `${name}|mapping|${label}|` };
}

/** Columns of the raw table in load order. */
export function rawColumns({ idsInDatabase }: Dialect, entity: EntityDeclaration): [name: string, type: LogicalType][] {
  return [
    ["line", "bigint"],
    ["sid", "text"],
    ...entity.fields.map((field): [string, LogicalType] => [`f_${field.column}`, field.type]),
    ...entity.references.map((reference): [string, LogicalType] => [`r_${reference.column}`, "text"]),
    ["reason", "text"],
    ["message", "text"],
    ...(idsInDatabase ? [] : ["new_id", "mapping_id"]).map((name): [string, LogicalType] => [name, "uuid"]),
  ];
}

/** Columns of the plan table, which classification makes. */
export function planColumns({ idsInDatabase }: Dialect, entity: EntityDeclaration): string[] {
  return [
    ...["line", "sid", "first_of_id", "class", "reason", "message", "target_id", "mapped", "seen", "provenance"],
    ...(idsInDatabase ? [] : ["mapping_id"]),
    ...[...entity.fields, ...entity.references].map(({ column }) => `f_${column}`),
  ];
}
