import type { EntityCounts, ImportDeclaration, Run } from "@runback/core";
import type { Context } from "../context.ts";
import type { EvidenceCheckpoint } from "./checkpoint.ts";
import { finalCounts } from "./evidence.ts";
import { mappingObject } from "./id-map.ts";
import { jsonChunks, jsonItems } from "./json-stream.ts";
import { readRefusals } from "./read-refusals.ts";

/** `migration-report.json` in the shape that verification tools read, streamed: its id mapping has a line a record. */
export function migrationReport(
  context: Pick<Context, "engine">,
  declaration: ImportDeclaration,
  run: Run,
  checkpoint: EvidenceCheckpoint,
  stage: string,
): AsyncIterable<Uint8Array> {
  const counts = finalCounts(checkpoint);
  const sum = (of: (each: EntityCounts) => number) =>
    Object.values(counts).reduce((total, each) => total + of(each), 0);
  const head = {
    runId: run.runId,
    startedAt: run.startedAt,
    completedAt: checkpoint.completedAt,
    dryRun: run.mode === "dry",
    config: { source: "csv", target: declaration.name, version: "1.0" },
    summary: {
      totalRecords: sum((each) => each.parsed),
      created: sum((each) => each.created),
      updated: sum((each) => each.updated),
      skipped: sum((each) => each.unchanged),
      errors: sum((each) => each.quarantined + each.conflicts),
      duration_ms: Date.parse(checkpoint.completedAt) - Date.parse(run.startedAt),
    },
    ...Object.fromEntries(
      declaration.entities.map(({ name }) => [name, entityReport(name, counts[name]!, checkpoint)]),
    ),
  };
  const accepted = sum((each) => each.created + each.updated + each.unchanged);
  return jsonChunks(
    (async function* () {
      yield JSON.stringify(head, null, 2).replace(/\n}$/, "");
      yield ',\n  "errors": [';
      yield* jsonItems(errors(context, declaration, stage));
      yield '\n  ],\n  "idMapping": ';
      if (accepted <= mappingsListed) yield* mappingObject(context, declaration, stage, { provenance: false });
      else yield JSON.stringify(Object.fromEntries(declaration.entities.map(({ name }) => [name, []])));
      yield "}\n";
    })(),
  );
}

/** Tools read a report whole. Beyond this many records the mapping is in `id-map.json` alone, which is read as a stream. */
const mappingsListed = 50_000;

function entityReport(name: string, counts: EntityCounts, { plan, after }: EvidenceCheckpoint): unknown {
  const accepted = counts.created + counts.updated + counts.unchanged;
  return {
    file: plan.staged.find((staged) => staged.entity === name)!.file,
    totalRows: counts.parsed,
    parsed: counts.parsed,
    created: counts.created,
    updated: counts.updated,
    skipped: counts.unchanged,
    errors: counts.quarantined + counts.conflicts,
    records: String(accepted),
    before: plan.before[name],
    after: after[name],
  };
}

async function* errors(
  context: Pick<Context, "engine">,
  declaration: ImportDeclaration,
  stage: string,
): AsyncIterable<unknown> {
  for (const entity of declaration.entities) {
    for await (const row of readRefusals(context, entity, stage)) {
      yield {
        entity: entity.name,
        sourceRow: Number(row.line),
        message: `${row.reason}: ${row.message}`,
        ...(row.sid === null ? {} : { waId: row.sid }),
      };
    }
  }
}
