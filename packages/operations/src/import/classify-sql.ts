import type { Dialect, EntityDeclaration, IdentityTerm, ImportDeclaration, TableRef } from "@runback/core";
import { idScopes, planTable, rawTable } from "./stage-tables.ts";

export interface ClassifySql {
  /** The first half alone, for servers that would compute it anew each time the second half reads it. */
  readonly judge: string;
  /** The whole query, or the second half over what the first half stored. */
  classify(judged?: TableRef): string;
}

/**
 * One query that puts every parsed record in exactly one class: create, update, unchanged, conflict or quarantined.
 * It reads the target at one moment and writes nothing but the plan table.
 *
 * Columns of the plan: line, sid, first_of_id, class, reason, message, target_id, mapped (a mapping exists),
 * provenance, seen (digest of the target row that was compared), mapping_id where the database does not derive it, and the values as `f_<column>`.
 */
export function classifySql(
  dialect: Dialect,
  declaration: ImportDeclaration,
  entity: EntityDeclaration,
  stage: string,
  seenDigest: string,
): ClassifySql {
  const { id, table, literal } = dialect;
  const { mapping } = declaration;
  const parents = entity.references.map((reference, at) => ({
    reference,
    entity: declaration.entities.find((each) => each.name === reference.entity)!,
    plan: `p${at}`,
    mapped: `pm${at}`,
  }));
  const values = [
    ...entity.fields.map((field) => field.column),
    ...entity.references.map((reference) => reference.column),
  ];
  const isOf = (alias: string, label: string) => `${alias}.${id(mapping.entityType)} = ${literal(label)}`;
  const newId = dialect.idsInDatabase ? dialect.uuidFrom(idScopes(declaration, entity).row, "r.sid") : "r.new_id";
  const mappingId = dialect.idsInDatabase ? [] : ["mapping_id"];
  const changed = values
    .map((column) => `(${dialect.isDistinct(`t.${id(column)}`, `j.${id(`f_${column}`)}`)})`)
    .join(" OR ");
  const { terms, unique } = entity.identity;
  const identityKeys = terms.map((term) => comparable(staged("e", term, dialect), term)).filter((key) => key !== null);
  const refused = (at: number) => `coalesce(p${at}.class, '') IN ('quarantined', 'conflict')`;

  const judging = `repeated AS (
  SELECT sid, min(line) AS first_line FROM ${table(rawTable(stage, entity))} WHERE sid IS NOT NULL GROUP BY sid HAVING count(*) > 1
), judged AS ${dialect.sharedCte ?? ""} (
  SELECT r.line, r.sid, coalesce(r.line = repeated.first_line, true) AS first_of_id, m.${id(mapping.targetId)} AS mapped_id,
    ${[`${newId} AS new_id`, ...mappingId.map((name) => `r.${name}`)].join(", ")},
    ${entity.fields.map((field) => `r.${id(`f_${field.column}`)}`).join(", ")}
    ${parents.map(({ reference, plan, mapped }) => `, CASE WHEN ${plan}.sid IS NOT NULL THEN ${plan}.target_id ELSE ${mapped}.${id(mapping.targetId)} END AS ${id(`f_${reference.column}`)}`).join("")},
    CASE WHEN r.reason IS NOT NULL THEN r.reason
      WHEN r.line > repeated.first_line THEN 'duplicate-id'
      ${parents.map(({ plan, mapped }, at) => `WHEN ${refused(at)} THEN 'refused-reference' WHEN ${plan}.sid IS NULL AND ${mapped}.${id(mapping.targetId)} IS NULL THEN 'unknown-reference'`).join(" ")}
    END AS reason,
    CASE WHEN r.reason IS NOT NULL THEN r.message
      WHEN r.line > repeated.first_line THEN concat('has the same ${entity.sourceId} as row ', repeated.first_line)
      ${parents.map(({ reference, plan, mapped }, at) => `WHEN ${refused(at)} THEN ${literal(`${reference.from}: that record was refused`)} WHEN ${plan}.sid IS NULL AND ${mapped}.${id(mapping.targetId)} IS NULL THEN ${literal(`${reference.from} is not in the source and was never imported`)}`).join(" ")}
    END AS message
  FROM ${table(rawTable(stage, entity))} r
  LEFT JOIN repeated ON repeated.sid = r.sid
  LEFT JOIN ${table(mapping.table)} m ON ${isOf("m", entity.label)} AND m.${id(mapping.sourceId)} = r.sid
  ${parents
    .map(
      ({ reference, entity: parent, plan, mapped }) => `
  LEFT JOIN ${table(planTable(stage, parent))} ${plan} ON ${plan}.sid = r.${id(`r_${reference.column}`)} AND ${plan}.first_of_id
  LEFT JOIN ${table(mapping.table)} ${mapped} ON ${isOf(mapped, parent.label)}
    AND ${mapped}.${id(mapping.sourceId)} = CASE WHEN ${plan}.sid IS NULL THEN r.${id(`r_${reference.column}`)} END`,
    )
    .join("")}
)`;
  return {
    judge: `WITH ${judging} SELECT * FROM judged`,
    classify: (judged) => `
WITH ${judged ? `judged AS (SELECT * FROM ${table(judged)})` : judging}, eligible AS ${dialect.inlineCte} (
  SELECT * FROM judged WHERE reason IS NULL
), doubled AS (
  ${
    unique
      ? `SELECT line, first_line FROM (
    SELECT e.line, row_number() OVER w AS at, first_value(e.line) OVER w AS first_line
    FROM eligible e JOIN (
      SELECT ${identityKeys.map((key, at) => `${key} AS k${at}`).join(", ")} FROM eligible e GROUP BY ${identityKeys.join(", ")} HAVING count(*) > 1
    ) k ON ${identityKeys.map((key, at) => `${key} = k.k${at}`).join(" AND ")}
    WINDOW w AS (PARTITION BY ${identityKeys.join(", ")} ORDER BY (CASE WHEN e.mapped_id IS NULL THEN 1 ELSE 0 END), e.line)
  ) numbered WHERE at > 1`
      : "SELECT line, line AS first_line FROM eligible WHERE false"
  }
), candidates AS (
  SELECT line, matches, candidate, row_number() OVER (PARTITION BY candidate ORDER BY line) AS at FROM (
    SELECT e.line, count(*) AS matches, ${dialect.cast(`min(${dialect.cast(`t.${id(entity.id)}`, "text")})`, "uuid")} AS candidate
    FROM eligible e JOIN (
      SELECT ${dialect.keyedSubquery} i.${id(entity.id)}, ${terms.map((term, at) => `${identity("i", term, dialect)} AS k${at}`).join(", ")} FROM ${table(entity.table)} i
    ) t ON ${terms.map((term, at) => matches(`t.k${at}`, "e", term, dialect)).join(" AND ")}
    ${unique ? "" : "WHERE e.mapped_id IS NULL"}
    GROUP BY e.line
  ) matched
), placed AS (
  SELECT j.*, d.first_line AS doubled_by, c.matches, c.candidate, c.at AS candidate_at, taken.${id(mapping.sourceId)} AS taken_by,
    coalesce(j.mapped_id, CASE WHEN c.matches = 1 AND taken.${id(mapping.sourceId)} IS NULL THEN c.candidate END, j.new_id) AS target_id
  FROM judged j
  LEFT JOIN doubled d ON d.line = j.line
  LEFT JOIN candidates c ON c.line = j.line
  LEFT JOIN ${table(mapping.table)} taken ON ${isOf("taken", entity.label)} AND taken.${id(mapping.targetId)} = c.candidate AND j.mapped_id IS NULL
), decided AS (
  SELECT j.*, t.${id(entity.id)} AS found, ${seenDigest} AS seen,
    CASE WHEN j.reason IS NOT NULL THEN j.reason
      WHEN j.doubled_by IS NOT NULL THEN 'duplicate-identity'
      WHEN j.mapped_id IS NOT NULL AND t.${id(entity.id)} IS NULL THEN 'mapping-target-missing'
      WHEN j.mapped_id IS NOT NULL ${unique ? "AND (j.matches > 1 OR j.candidate <> j.mapped_id)" : "AND false"} THEN 'identity-taken'
      WHEN j.mapped_id IS NULL AND j.matches > 1 THEN 'ambiguous-identity'
      WHEN j.mapped_id IS NULL AND j.matches = 1 AND (j.taken_by IS NOT NULL OR j.candidate_at > 1) THEN 'identity-taken'
      WHEN j.mapped_id IS NULL AND j.matches IS NULL AND t.${id(entity.id)} IS NOT NULL THEN 'id-taken'
    END AS verdict,
    CASE WHEN ${changed} THEN 'update' ELSE 'unchanged' END AS comparison
  FROM placed j LEFT JOIN ${table(entity.table)} t ON t.${id(entity.id)} = j.target_id
)
SELECT line, sid, first_of_id,
  CASE WHEN verdict IS NULL THEN CASE WHEN found IS NULL THEN 'create' ELSE comparison END
    WHEN verdict IN ('duplicate-id', 'duplicate-identity', 'mapping-target-missing', 'identity-taken', 'ambiguous-identity', 'id-taken') THEN 'conflict'
    ELSE 'quarantined' END AS class,
  verdict AS reason,
  CASE verdict WHEN 'duplicate-identity' THEN concat('is the same ${entity.label.toLowerCase()} as row ', doubled_by)
    WHEN 'mapping-target-missing' THEN 'was imported before, but the row it became is gone'
    WHEN 'identity-taken' THEN 'is a second source record of a ${entity.label.toLowerCase()} that another record is mapped to'
    WHEN 'ambiguous-identity' THEN concat('matches ', matches, ' rows of the target')
    WHEN 'id-taken' THEN 'the id it would get is in use by a row without a mapping'
    ELSE message END AS message,
  target_id, mapped_id IS NOT NULL AS mapped, seen,
  CASE WHEN mapped_id IS NOT NULL THEN NULL WHEN matches = 1 THEN 'matched' ELSE 'created' END AS provenance,
  ${[...mappingId, ...values.map((column) => id(`f_${column}`))].join(", ")}
FROM decided`,
  };
}

const staged = (alias: string, term: IdentityTerm, { id }: Dialect) => `${alias}.${id(`f_${term.column}`)}`;

/** What equal identities have equal, as a key to group by; null when a term compares by nearness. */
function comparable(value: string, { compare }: IdentityTerm): string | null {
  if (compare === "equal") return value;
  if (compare === "case-insensitive") return `lower(${value})`;
  if (compare === "trimmed-case-insensitive") return `lower(trim(${value}))`;
  return null;
}

/** What a row of the target is matched by: the key its value compares by, or the value itself where nearness decides. */
function identity(target: string, term: IdentityTerm, { id }: Dialect): string {
  const live = `${target}.${id(term.column)}`;
  return comparable(live, term) ?? live;
}

function matches(live: string, source: string, term: IdentityTerm, dialect: Dialect): string {
  const given = staged(source, term, dialect);
  const key = comparable(given, term);
  if (key !== null) return `${live} = ${key}`;
  const { withinMinutes } = term.compare as { withinMinutes: number };
  return `${dialect.minutesBetween(live, given)} <= ${Number(withinMinutes)}`;
}
