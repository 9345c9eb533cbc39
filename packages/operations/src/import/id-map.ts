import type { ImportDeclaration } from "@runback/core";
import type { Context } from "../context.ts";
import { jsonChunks, jsonItems } from "./json-stream.ts";
import { readPlan } from "./read-plan.ts";

/** `id-map.json`: for every accepted record its source id, the row it is, and whether the import created or found it. */
export function idMap(
  context: Pick<Context, "engine">,
  declaration: ImportDeclaration,
  stage: string,
): AsyncIterable<Uint8Array> {
  return jsonChunks(
    (async function* () {
      yield "{";
      for (const [at, entity] of declaration.entities.entries()) {
        yield `${at === 0 ? "" : ","}\n  ${JSON.stringify(entity.name)}: [`;
        yield* jsonItems(entries(context, entity, stage));
        yield "\n  ]";
      }
      yield "\n}\n";
    })(),
  );
}

async function* entries(
  context: Pick<Context, "engine">,
  entity: ImportDeclaration["entities"][number],
  stage: string,
): AsyncIterable<unknown> {
  for await (const row of readPlan(context, entity, stage, true)) {
    yield {
      waId: row.sid,
      murmurantId: row.target_id,
      ...(row.provenance === null ? {} : { provenance: row.provenance }),
    };
  }
}
