import type { EntityDeclaration } from "@runback/core";
import type { Context } from "../context.ts";
import { planTable } from "./stage-tables.ts";

// About 45 KB of text: with twice that much in flight the heap grew by 30 MB.
const pageRows = 500;

/**
 * The accepted records of a plan as lines of a JSON array, in the order of the file. The database writes the JSON, a page
 * at a time: a million small objects in this process took more memory than the whole rest of an import.
 */
export async function* mappingLines(
  { engine }: Pick<Context, "engine">,
  entity: EntityDeclaration,
  stage: string,
  options: { readonly provenance: boolean },
): AsyncIterable<string> {
  const { dialect } = engine;
  const provenance = options.provenance
    ? `, CASE WHEN provenance IS NULL THEN '' ELSE concat(',"provenance":"', provenance, '"') END`
    : "";
  const line = `concat('    {"waId":', ${dialect.jsonString("sid")}, ',"murmurantId":"', ${dialect.cast("target_id", "text")}, '"'${provenance}, '}')`;
  const page = async (after: string) => {
    const { rows } = await engine.query<{ lines: string | null; last: string | null }>(
      `SELECT ${dialect.joinTexts("written", ",\n", "line")} AS lines, ${dialect.cast("max(line)", "text")} AS last FROM (
         SELECT line, ${line} AS written FROM ${dialect.table(planTable(stage, entity))}
         WHERE line > ${dialect.cast("$1", "bigint")} AND class NOT IN ('quarantined', 'conflict') ORDER BY line LIMIT ${pageRows}) page`,
      [after],
    );
    return rows[0]!;
  };
  let next = page("0");
  for (let separator = "\n"; ; separator = ",\n") {
    const { lines, last } = await next;
    if (lines === null || last === null) return;
    // The database writes the next page while this one is hashed and stored.
    next = page(last);
    // A reader that stops early never asks for it.
    next.catch(() => {});
    yield `${separator}${lines}`;
  }
}
