import type { ColumnModel, TableModel, TableRef } from "@runback/core";

export const table = (name: string): TableRef => ({ schema: "public", name });

const required = (name: string, type: ColumnModel["type"], more: Partial<ColumnModel> = {}): ColumnModel => ({
  name,
  type,
  nullable: false,
  ...more,
});
const optional = (name: string, type: ColumnModel["type"]) => required(name, type, { nullable: true });
const none = { unique: [], uniqueIgnoringCase: [], foreignKeys: [], indexes: [] };

/** The tables of the library's application. Those that are there already are left as they are. */
export const libraryModel: readonly TableModel[] = [
  {
    ...none,
    ...table("genre"),
    columns: [
      required("genre_id", "uuid", { default: "new-id" }),
      required("code", "text"),
      required("label", "text"),
      required("position", "integer"),
    ],
    primaryKey: ["genre_id"],
    unique: [["code"]],
  },
  {
    ...none,
    ...table("reader"),
    columns: [
      required("reader_id", "uuid"),
      required("card", "text"),
      required("name", "text"),
      optional("joined_at", "instant"),
      required("added_at", "instant"),
    ],
    primaryKey: ["reader_id"],
    unique: [["card"]],
  },
  {
    ...none,
    ...table("book"),
    columns: [
      required("book_id", "uuid"),
      required("isbn", "text"),
      required("title", "text"),
      optional("genre_id", "uuid"),
      optional("shelf", "text"),
    ],
    primaryKey: ["book_id"],
    unique: [["isbn"]],
    foreignKeys: [{ column: "genre_id", references: table("genre"), onDelete: "set null" }],
  },
  {
    ...none,
    ...table("loan"),
    columns: [
      required("loan_id", "uuid"),
      required("reader_id", "uuid"),
      required("book_id", "uuid"),
      required("borrowed_at", "instant"),
      optional("returned_at", "instant"),
    ],
    primaryKey: ["loan_id"],
    foreignKeys: [
      { column: "reader_id", references: table("reader"), onDelete: "restrict" },
      { column: "book_id", references: table("book"), onDelete: "restrict" },
    ],
    indexes: [["reader_id"], ["book_id"]],
  },
  {
    ...none,
    ...table("source_id"),
    columns: [
      required("source_id_id", "uuid"),
      required("kind", "text"),
      required("source", "text"),
      required("target", "uuid"),
      required("run", "text"),
      required("provenance", "text"),
      required("recorded_at", "instant"),
    ],
    primaryKey: ["source_id_id"],
    unique: [
      ["kind", "source"],
      ["kind", "target"],
    ],
  },
];
