import { type Connection, RunbackError } from "@runback/core";
import { type AccessStatement, readAccess } from "./read-access.ts";

/**
 * Gives objects that were made anew their owners, grants and policies, and reads them back: exactly those that were captured are
 * there, none is missing and nobody was given more.
 *
 * @throws `RESTORE_ACCESS_DIFFERS`
 */
export async function applyAccess(
  tx: Connection,
  captured: readonly AccessStatement[],
  leaveOut: (relation: string | null) => boolean,
): Promise<void> {
  const wanted = captured.filter(({ of }) => !leaveOut(of));
  for (const { sql } of wanted) await tx.script(sql);
  // ALTER DEFAULT PRIVILEGES gives what is made now more than what was made before it.
  const { extra: given } = await compare(tx, wanted, leaveOut);
  for (const correct of [revoking, usual]) for (const sql of given.flatMap(correct)) await tx.script(sql);
  // Taking a right on a table takes it on the columns too.
  for (const sql of (await compare(tx, wanted, leaveOut)).missing) if (sql.startsWith("GRANT ")) await tx.script(sql);
  const { missing, extra } = await compare(tx, wanted, leaveOut);
  const different = [...missing.map((sql) => `missing: ${sql}`), ...extra.map((sql) => `too much: ${sql}`)];
  if (different.length === 0) return;
  throw new RunbackError(
    "RESTORE_ACCESS_DIFFERS",
    `${different.length} owner(s), grant(s) or policies came back different: ${different.slice(0, 3).join("; ")}.`,
    {
      recovery:
        "Nothing was changed. Look for event triggers and default privileges on the target, and connect as the owner of its objects.",
      exit: 1,
      status: 409,
      details: { statements: different.slice(0, 1000) },
    },
  );
}

async function compare(
  tx: Connection,
  wanted: readonly AccessStatement[],
  leaveOut: (relation: string | null) => boolean,
): Promise<{ readonly missing: readonly string[]; readonly extra: readonly string[] }> {
  const expected = new Set(wanted.map(({ sql }) => sql));
  const { statements } = await readAccess(tx);
  const built = statements.filter(({ of }) => !leaveOut(of)).map(({ sql }) => sql);
  const found = new Set(built);
  // A schema that holds only an extension, and that the snapshot does not know, stays as it is.
  const others = built.flatMap((sql) =>
    expected.has(sql) ? [] : (/^ALTER (SCHEMA .*) OWNER TO /.exec(sql)?.[1] ?? []),
  );
  const known = new Set([...expected].flatMap((sql) => /^ALTER (SCHEMA .*) OWNER TO /.exec(sql)?.[1] ?? []));
  const strange = others.filter((schema) => !known.has(schema));
  return {
    missing: [...expected].filter((sql) => !found.has(sql)),
    extra: built.filter((sql) => !expected.has(sql) && !strange.some((schema) => sql.includes(` ${schema} `))),
  };
}

const name = `(?:"(?:[^"]|"")*"|[^" ])+`;
const granting = new RegExp(`^GRANT (.* ON .*) TO (${name})(?: WITH GRANT OPTION)?$`);
const clearing = new RegExp(`^REVOKE ALL ON (([A-Z]+) .*) FROM PUBLIC, (${name})$`);

/** `GRANT SELECT ON TABLE x TO y` as its opposite; names are quoted where they could hold the words this looks for. */
function revoking(sql: string): string[] {
  const [, what, whom] = granting.exec(sql) ?? [];
  return what === undefined ? [] : [`REVOKE ${what} FROM ${whom} CASCADE`];
}

/** Only an object whose rights are not the usual ones is cleared before they are granted: this one's were the usual. */
function usual(sql: string): string[] {
  const [, object, kind = "", owner] = clearing.exec(sql) ?? [];
  if (object === undefined) return [];
  const everybody = ["FUNCTION", "PROCEDURE", "TYPE"].includes(kind) ? [`GRANT ALL ON ${object} TO PUBLIC`] : [];
  return [`GRANT ALL ON ${object} TO ${owner}`, ...everybody];
}
