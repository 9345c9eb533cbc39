import type { EntityDeclaration, ImportDeclaration, Parsed, PolicyDeclaration } from "@runback/core";
import { libraryModel, table } from "./model.ts";
import { day, text } from "./parse.ts";

const readers: EntityDeclaration = {
  name: "readers",
  label: "Reader",
  table: table("reader"),
  id: "reader_id",
  files: ["readers.csv"],
  sourceId: "card",
  fields: [
    text("card", "card"),
    text("name", "name"),
    { column: "joined_at", type: "instant", from: ["joined"], parse: ([joined]) => day(joined!, "joined") },
  ],
  references: [],
  identity: { terms: [{ column: "card", compare: "equal" }], unique: true },
  stamps: [{ column: "added_at", when: "create", value: { runTime: true } }],
};

const books: EntityDeclaration = {
  name: "books",
  label: "Book",
  table: table("book"),
  id: "book_id",
  files: ["books.csv"],
  sourceId: "barcode",
  fields: [
    text("isbn", "isbn"),
    text("title", "title"),
    {
      column: "genre_id",
      type: "uuid",
      from: ["genre"],
      parse: ([genre], { lookups, policies, note }) => {
        const codes = policies["library.genres"] as Readonly<Record<string, string>>;
        const code = Object.hasOwn(codes, genre!) ? codes[genre!] : undefined;
        if (code === undefined) {
          note("unknown-genre", genre!);
          return { reason: "unknown-genre", message: "genre has no code in library.genres" };
        }
        return lookups.genres?.get(code) ?? { reason: "unknown-genre", message: `${code} is not in the table genre` };
      },
    },
    { column: "shelf", type: "text", from: ["shelf"], parse: ([shelf]) => shelf!.trim() || null },
  ],
  references: [],
  identity: { terms: [{ column: "isbn", compare: "equal" }], unique: true },
  stamps: [],
};

const loans: EntityDeclaration = {
  name: "loans",
  label: "Loan",
  table: table("loan"),
  id: "loan_id",
  files: ["loans.csv"],
  sourceId: "loan",
  fields: [
    {
      column: "borrowed_at",
      type: "instant",
      from: ["borrowed"],
      parse: ([borrowed]) => day(borrowed!, "borrowed") ?? { reason: "missing-value", message: "borrowed is empty" },
    },
    {
      column: "returned_at",
      type: "instant",
      from: ["returned", "borrowed"],
      parse: ([returned, borrowed]) => notBefore(day(returned!, "returned"), day(borrowed!, "borrowed")),
    },
  ],
  references: [
    { column: "reader_id", from: "card", entity: "readers" },
    { column: "book_id", from: "barcode", entity: "books" },
  ],
  identity: {
    terms: [
      { column: "reader_id", compare: "equal" },
      { column: "book_id", compare: "equal" },
      { column: "borrowed_at", compare: "equal" },
    ],
    unique: true,
  },
  stamps: [],
};

function notBefore(returned: Parsed, borrowed: Parsed): Parsed {
  return typeof returned === "string" && typeof borrowed === "string" && returned < borrowed
    ? { reason: "returned-before-borrowed", message: "returned is before borrowed" }
    : returned;
}

const genres: PolicyDeclaration = {
  key: "library.genres",
  description: "Code of each genre as the old catalogue spells it",
  required: true,
  validate: (value) => (typeof value === "object" && value !== null ? null : "must be an object"),
};

/** A library's old catalogue becomes readers, books and loans. Nothing but this folder knows of a library. */
export const libraryImport: ImportDeclaration = {
  name: "library",
  entities: [readers, books, loans],
  mapping: {
    table: table("source_id"),
    id: "source_id_id",
    entityType: "kind",
    sourceId: "source",
    targetId: "target",
    runId: "run",
    provenance: "provenance",
    at: "recorded_at",
  },
  lookups: [{ name: "genres", table: table("genre"), code: "code", id: "genre_id" }],
  policies: [genres],
  auditTable: { schema: "runback", name: "audit" },
  model: libraryModel,
  seeds: [
    {
      table: table("genre"),
      key: "code",
      rows: [
        { code: "FICTION", label: "Fiction", position: 1 },
        { code: "VERSE", label: "Verse", position: 2 },
        { code: "SCIENCE", label: "Science", position: 3 },
      ],
    },
  ],
  checks: [
    {
      kind: "distribution",
      id: "genre-distribution",
      name: "Genre Distribution",
      entity: "books",
      column: "genre_id",
      lookup: "genres",
      title: "label",
      order: "position",
      noun: "genre",
      mappingPolicy: "library.genres",
    },
    {
      kind: "coverage",
      id: "shelf-coverage",
      name: "Shelf Coverage",
      entity: "books",
      column: "shelf",
      threshold: 0.9,
      noun: "shelf",
    },
    { kind: "orphans", id: "orphaned-loans", name: "Orphaned Loans", entity: "loans" },
  ],
};
