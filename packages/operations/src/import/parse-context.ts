import type { Connection, Dialect, ImportDeclaration, ParseContext } from "@runback/core";

export interface Notes {
  readonly context: ParseContext;
  /** Times each kind and value was noted: levels without a tier. */
  readonly noted: () => Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What the parsers of a declaration may ask: lookups read from the target, policies, and a tally for the operator. */
export async function parseContext(
  connection: Connection,
  dialect: Dialect,
  declaration: ImportDeclaration,
  policies: Readonly<Record<string, unknown>>,
): Promise<Notes> {
  const lookups: Record<string, ReadonlyMap<string, string>> = {};
  for (const { name, table, code, id } of declaration.lookups) {
    const { rows } = await connection.query<{ code: string; id: string }>(
      `SELECT ${dialect.cast(dialect.id(code), "text")} AS code, ${dialect.cast(dialect.id(id), "text")} AS id FROM ${dialect.table(table)}`,
    );
    lookups[name] = new Map(rows.map((row) => [row.code, row.id]));
  }
  const tally: Record<string, Record<string, number>> = {};
  const note = (kind: string, value: string) => {
    tally[kind] ??= Object.create(null) as Record<string, number>;
    tally[kind][value] = (tally[kind][value] ?? 0) + 1;
  };
  return { context: { lookups, policies, note }, noted: () => tally };
}
