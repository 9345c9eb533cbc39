import type { ImportDeclaration } from "@runback/core";
import type { Context } from "../context.ts";
import { jsonChunks } from "./json-stream.ts";
import { mappingLines } from "./mapping-lines.ts";

/** `id-map.json`: for every accepted record its source id, the row it is, and whether the import created or found it. */
export function idMap(
  context: Pick<Context, "engine">,
  declaration: ImportDeclaration,
  stage: string,
): AsyncIterable<Uint8Array> {
  return jsonChunks(mappingObject(context, declaration, stage, { provenance: true }));
}

/** An object with an array of mappings an entity, as pieces of JSON text. */
export async function* mappingObject(
  context: Pick<Context, "engine">,
  declaration: ImportDeclaration,
  stage: string,
  options: { readonly provenance: boolean },
): AsyncIterable<string> {
  yield "{";
  for (const [at, entity] of declaration.entities.entries()) {
    yield `${at === 0 ? "" : ","}\n  ${JSON.stringify(entity.name)}: [`;
    yield* mappingLines(context, entity, stage, options);
    yield "\n  ]";
  }
  yield "\n}\n";
}
