import { appendFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Desk, openDesk } from "./targets.ts";
import { type Entity, pathOf } from "./write-export.ts";

const rows = {
  members: ["1,Ann,Good,ann@example.org,,05/04/2021,General"],
  events: ["10,Hike,,,Hall,06/01/2024 10:00,,"],
  registrations: ["100,1,10,Confirmed,05/01/2024,"],
};

/** Whole files that cannot be read for what they are; each is refused by its name. */
const spoilt: readonly {
  readonly what: string;
  readonly entity: Entity;
  readonly code?: string;
  readonly says: string;
  readonly spoil: (path: string) => Promise<void>;
}[] = [
  {
    what: "an empty file",
    entity: "events",
    says: "events/wa-events-export.csv: the file is empty",
    spoil: (path) => writeFile(path, ""),
  },
  {
    what: "a file of blank lines",
    entity: "members",
    says: "the file is empty",
    spoil: (path) => writeFile(path, "\n\n"),
  },
  {
    what: "a byte order mark and nothing else",
    entity: "members",
    says: "the file is empty",
    spoil: (path) => writeFile(path, Buffer.from([0xef, 0xbb, 0xbf])),
  },
  {
    what: "a missing column",
    entity: "members",
    says: 'members/wa-members-export.csv: column "Email" is missing',
    spoil: async (path) => writeFile(path, (await readFile(path, "utf8")).replace("Email", "E-mail")),
  },
  {
    what: "a column that is there twice",
    entity: "events",
    says: 'column "Event ID" is there twice',
    spoil: async (path) => writeFile(path, (await readFile(path, "utf8")).replace("limit\n", "limit,Event ID\n")),
  },
  {
    what: "rows without a header",
    entity: "registrations",
    says: "is missing",
    spoil: (path) => writeFile(path, "100,1,10,Confirmed,05/01/2024,\n"),
  },
  {
    what: "a quote that is never closed",
    entity: "registrations",
    says: "a quoted field is never closed (after line 3)",
    spoil: (path) => appendFile(path, '101,1,10,"Confirmed,05/01/2024,\n102,1,10,Confirmed,05/01/2024,\n'),
  },
  {
    what: "UTF-16",
    entity: "members",
    says: "the file is UTF-16",
    spoil: async (path) => writeFile(path, Buffer.from(`\ufeff${await readFile(path, "utf8")}`, "utf16le")),
  },
  {
    what: "a missing file",
    entity: "events",
    code: "SOURCE_NOT_FOUND",
    says: "no file for events (looked for events/wa-events-export.csv, events.csv)",
    spoil: (path) => rm(path),
  },
];

async function nothingWritten(desk: Desk): Promise<void> {
  expect(
    await desk.rows(
      `SELECT (SELECT count(*)::int FROM "Member") AS members, (SELECT count(*)::int FROM "Event") AS events,
         (SELECT count(*)::int FROM "Registration") AS registrations, (SELECT count(*)::int FROM "WaIdMapping") AS mappings,
         (SELECT count(*)::int FROM runback.journal) AS journal`,
    ),
  ).toEqual([{ members: 0, events: 0, registrations: 0, mappings: 0, journal: 0 }]);
}

describe("a source that cannot be read", () => {
  it.each(spoilt)("is refused whole, with nothing written: $what", async ({ entity, code, says, spoil }) => {
    await using desk = await openDesk();
    const source = await desk.export(rows);
    await spoil(pathOf(source, entity));
    for (const dryRun of [true, false]) {
      const refused = desk.target.import(source, { dryRun });
      await expect(refused).rejects.toMatchObject({ code: code ?? "SOURCE_INVALID", exit: 2 });
      await expect(refused).rejects.toThrow(says);
      await expect(refused).rejects.toHaveProperty("recovery", expect.stringContaining("Nothing was written"));
      await nothingWritten(desk);
    }
    expect(await desk.rows(`SELECT state, count(*)::int AS runs FROM runback.runs GROUP BY state`)).toEqual([
      { state: "failed", runs: 2 },
    ]);
    // The next import is not held up by what was refused.
    const good = await desk.export(rows);
    expect((await desk.target.import(good)).entities.registrations).toMatchObject({ created: 1 });
  });

  it("is refused when the folder is not there", async () => {
    await using desk = await openDesk();
    await expect(desk.target.import(join(desk.folder, "nowhere"))).rejects.toMatchObject({ code: "SOURCE_NOT_FOUND" });
    await nothingWritten(desk);
  });

  it("reads the flat layout, CRLF, a byte order mark and a last line without its end as well", async () => {
    await using desk = await openDesk();
    const source = await desk.export(rows);
    for (const [entity, flat] of [
      ["members", "members.csv"],
      ["events", "events.csv"],
      ["registrations", "registrations.csv"],
    ] as const) {
      const text = (await readFile(pathOf(source, entity), "utf8")).trimEnd().replaceAll("\n", "\r\n");
      await rm(pathOf(source, entity));
      await writeFile(join(source, flat), `\ufeff${text}`);
    }
    expect((await desk.target.import(source)).entities).toMatchObject({
      members: { created: 1 },
      events: { created: 1 },
      registrations: { created: 1 },
    });
  });

  it("imports a source that has headers and no rows, and says that it is suspicious", async () => {
    await using desk = await openDesk();
    const result = await desk.target.import(await desk.export({}));
    expect(result.entities.members).toMatchObject({ parsed: 0, created: 0 });
    expect(result.warnings.map((warning) => [warning.code, warning.level])).toEqual([
      ["no-members", "high"],
      ["no-events", "medium"],
    ]);
  });
});
