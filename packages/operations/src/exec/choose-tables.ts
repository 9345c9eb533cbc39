import {
  type Catalog,
  findTable,
  qualifiedName,
  RunbackError,
  sameTable,
  type Table,
  type TableRef,
} from "@runback/core";

/**
 * The tables a program's run journals. Audit tables never: they are append-only by themselves, and taking an entry back is
 * what they are there to prevent.
 *
 * @param asked as users type them; absent: all
 * @throws `TABLE_NOT_FOUND`, `TABLE_APPEND_ONLY`, `TABLE_WITHOUT_KEY`, each naming every table it is about
 */
export function chooseTables(
  catalog: Catalog,
  auditTables: readonly TableRef[],
  asked: readonly string[] | undefined,
): Table[] {
  const isAudit = (table: Table) => auditTables.some((audit) => sameTable(audit, table));
  if (asked === undefined) {
    const all = catalog.tables.filter((table) => !isAudit(table));
    refuseUnkeyed(all, `Name the tables the program writes with --tables ${keyed(all)}`);
    return all;
  }
  const missing = asked.filter((name) => findTable(catalog, name) === undefined);
  if (missing.length > 0) {
    throw new RunbackError("TABLE_NOT_FOUND", `Not on this target: ${missing.join(", ")}.`, {
      recovery: "Nothing was started. Check --tables (name, or schema.name) and --target.",
      status: 404,
    });
  }
  const tables = asked.map((name) => findTable(catalog, name)!);
  const chosen = tables.filter((table, at) => tables.findIndex((other) => sameTable(other, table)) === at);
  const audits = chosen.filter(isAudit);
  if (audits.length > 0) {
    throw new RunbackError("TABLE_APPEND_ONLY", `Append-only, so never taken back: ${names(audits)}.`, {
      recovery: "Nothing was started. Leave it out of --tables; the program may still append to it.",
    });
  }
  refuseUnkeyed(chosen, "Leave them out of --tables");
  return chosen;
}

function refuseUnkeyed(tables: readonly Table[], how: string): void {
  const unkeyed = tables.filter((table) => table.primaryKey.length === 0);
  if (unkeyed.length === 0) return;
  throw new RunbackError(
    "TABLE_WITHOUT_KEY",
    `Without a primary key, so their rows cannot be told apart: ${names(unkeyed)}.`,
    { recovery: `Nothing was started. ${how}, knowing that changes of the others cannot be taken back; or add a key.` },
  );
}

const names = (tables: readonly Table[]) => tables.map(qualifiedName).join(", ");
const keyed = (tables: readonly Table[]) =>
  tables
    .filter((table) => table.primaryKey.length > 0)
    .map(qualifiedName)
    .join(",");
