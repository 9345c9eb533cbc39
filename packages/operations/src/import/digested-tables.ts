import { type ImportDeclaration, sameTable, type Table } from "@runback/core";

/** The tables whose content a bundle proves: what the import writes, and the mapping. */
export function digestedTables(declaration: ImportDeclaration, tables: readonly Table[]): Table[] {
  return [...declaration.entities.map((entity) => entity.table), declaration.mapping.table].map(
    (name) => tables.find((table) => sameTable(table, name))!,
  );
}
