import type { CheckDeclaration, Connection, Engine, ImportDeclaration, TierShare } from "@runback/core";
import type { Check, CheckContext } from "../check-context.ts";

type Distribution = CheckDeclaration & { kind: "distribution" };

/** How rows spread over the codes of a lookup: none in any is a failure; all in one of several is suspicious. */
export function distribution(check: Distribution): Check {
  return {
    id: check.id,
    name: check.name,
    category: "tiers",
    run: async (context) => {
      const shares = await shareOf(context, check);
      const rows = shares.reduce((sum, share) => sum + share.count, 0);
      const total = await totalRows(context, check);
      const actual = Object.fromEntries(shares.map((share) => [share.tierCode, share.count]));
      if (rows === 0)
        return {
          outcome: "FAIL",
          expected: "rows in at least one",
          actual,
          message: `${check.name}: all counts are 0`,
        };
      const only = shares.find((share) => share.count === total);
      if (only !== undefined && (await others(context, check, only.tierCode))) {
        return {
          outcome: "WARN",
          expected: "several",
          actual,
          message: `Warning: All ${check.entity} in ${check.noun} '${only.tierCode}' - verify mapping`,
        };
      }
      const listed = shares.filter((share) => share.count > 0).map((share) => `${share.tierCode}: ${share.count}`);
      return {
        outcome: "PASS",
        expected: "rows in at least one",
        actual,
        message: `${check.name.replace("Distribution", "distribution")}: ${listed.join(", ")}`,
      };
    },
  };
}

/** Counts and shares by code, in the lookup's own order. */
export async function shareOf(
  { engine, tx, declaration }: { engine: Engine; tx: Connection; declaration: ImportDeclaration },
  check: Distribution,
): Promise<TierShare[]> {
  const { dialect } = engine;
  const lookup = declaration.lookups.find((each) => each.name === check.lookup)!;
  const entity = declaration.entities.find((each) => each.name === check.entity)!;
  const { rows } = await tx.query<{ code: string; title: string; rows: string; total: string }>(
    `SELECT l.${dialect.id(lookup.code)} AS code, l.${dialect.id(check.title)} AS title, ${dialect.cast(`count(t.${dialect.id(entity.id)})`, "text")} AS rows,
       ${dialect.cast(`(SELECT count(*) FROM ${dialect.table(entity.table)})`, "text")} AS total
     FROM ${dialect.table(lookup.table)} l
     LEFT JOIN ${dialect.table(entity.table)} t ON t.${dialect.id(check.column)} = l.${dialect.id(lookup.id)}
     GROUP BY l.${dialect.id(lookup.id)}, l.${dialect.id(lookup.code)}, l.${dialect.id(check.title)} ORDER BY min(l.${dialect.id(check.order)})`,
  );
  return rows.map(({ code, title, rows: count, total }) => ({
    tierCode: code,
    tierName: title,
    count: Number(count),
    percentage: Number(total) === 0 ? 0 : (Number(count) / Number(total)) * 100,
  }));
}

async function totalRows({ engine, tx, declaration }: CheckContext, check: Distribution): Promise<number> {
  const entity = declaration.entities.find((each) => each.name === check.entity)!;
  const { rows } = await tx.query<{ rows: string }>(
    `SELECT ${engine.dialect.cast("count(*)", "text")} AS rows FROM ${engine.dialect.table(entity.table)}`,
  );
  return Number(rows[0]!.rows);
}

/** Whether the mapping names another code than the one everybody has. */
async function others({ engine, tx, declaration }: CheckContext, check: Distribution, code: string): Promise<boolean> {
  const policies = await engine.store.policies(tx, declaration.name);
  const mapping = policies[check.mappingPolicy];
  if (mapping === undefined || mapping === null || typeof mapping !== "object") return true;
  return Object.values(mapping).some((each) => each !== code);
}
