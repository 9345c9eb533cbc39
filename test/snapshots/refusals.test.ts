import { openEngine } from "@runback/engines";
import { restoreSnapshotInto, snapshotPort } from "@runback/operations";
import { expect, test } from "vitest";
import { engineNames, freshTarget } from "../support/engines.ts";
import { auditTable } from "./audit-table.ts";
import type { SnapshotFixture } from "./fixtures/snapshot-fixture.ts";
import { shop } from "./shop.ts";
import { emptyDatabase, fixtures, openSite, snapshotEngines } from "./site.ts";

/** Each makes one object that a restore could not bring back. */
const objects: readonly [string, string][] = [
  [
    "table that inherits public.child",
    "CREATE TABLE public.parent (id integer); CREATE TABLE public.child () INHERITS (public.parent)",
  ],
  ["typed table public.typed", "CREATE TYPE public.shape AS (id integer); CREATE TABLE public.typed OF public.shape"],
  ['operator public."==="', "CREATE OPERATOR public.=== (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4eq)"],
  ["collation public.other", `CREATE COLLATION public.other FROM "C"`],
  [
    "cast integer AS",
    "CREATE TYPE public.mark AS ENUM ('a'); CREATE FUNCTION public.to_mark(integer) RETURNS public.mark LANGUAGE sql AS $$ SELECT 'a'::public.mark $$; CREATE CAST (integer AS public.mark) WITH FUNCTION public.to_mark(integer)",
  ],
  ["text search configuration public.plain", "CREATE TEXT SEARCH CONFIGURATION public.plain (COPY = simple)"],
  [
    "publication of single tables one_table",
    "CREATE TABLE public.published (id integer PRIMARY KEY); CREATE PUBLICATION one_table FOR TABLE public.published",
  ],
  ["default privileges in schema public", "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC"],
  ["large objects 1", "SELECT lo_create(4711)"],
  [
    "ordered-set or sorted aggregate",
    "CREATE AGGREGATE public.mode_of(ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = mode_final, FINALFUNC_EXTRA)",
  ],
  [
    "event trigger watch",
    "CREATE FUNCTION public.watched() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$; CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION public.watched()",
  ],
  ["function in C public.raw", "CREATE FUNCTION public.raw(integer) RETURNS integer LANGUAGE internal AS 'int4abs'"],
  ["foreign server other", "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER other FOREIGN DATA WRAPPER nothing"],
];

test("what a restore could not bring back is refused by name when the snapshot is taken", async () => {
  await using database = await emptyDatabase("postgres");
  const { engine } = database;
  for (const [name, sql] of objects) {
    let refused: unknown;
    await engine
      .transaction(async (tx) => {
        await tx.script(sql);
        const { refuseUnsupported } = await import("../../packages/engines/src/postgres/snapshots/find-unsupported.ts");
        refused = await refuseUnsupported(tx, false).then(
          () => "nothing",
          (error: unknown) => error,
        );
        throw new Error("take it back");
      })
      .catch((error: Error) => {
        if (error.message !== "take it back") throw error;
      });
    expect([name, refused]).toEqual([name, expect.objectContaining({ code: "SNAPSHOT_UNSUPPORTED" })]);
    expect(String((refused as Error).message)).toContain(name);
  }
});

const refused = snapshotEngines.flatMap((name) =>
  fixtures[name].refused.map(([what, make]) => [name, what, make] as const),
);

test.each(refused)("%s refuses: %s", async (name, what, make) => {
  await using site = await openSite(name, fixtures[name].shop);
  await site.create();
  await make(site);
  await expect(site.create()).rejects.toMatchObject({
    code: "SNAPSHOT_UNSUPPORTED",
    message: expect.stringContaining(what),
  });
});

test("a user who does not see every row takes no snapshot", async () => {
  await using site = await openSite(
    "postgres",
    `${shop} ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;
    ALTER TABLE public.orders FORCE ROW LEVEL SECURITY; CREATE POLICY none ON public.orders USING (false)`,
  );
  const role = `snap_reader_${process.pid}`;
  await site.engine.script(`CREATE ROLE ${role}; GRANT ${role} TO CURRENT_USER; GRANT USAGE ON SCHEMA public, runback TO ${role};
    GRANT SELECT ON ALL TABLES IN SCHEMA public, runback TO ${role}; GRANT SELECT ON ALL SEQUENCES IN SCHEMA public, runback TO ${role}`);
  try {
    await site.engine.script(`ALTER DATABASE ${new URL(site.url!).pathname.slice(1)} SET role = '${role}'`);
    const { openPostgres } = await import("@runback/engines");
    const engine = openPostgres(site.url!);
    const taken = engine.snapshots!.capture((moment) =>
      moment.read(moment.schema.tables.find((table) => table.name === "orders")!, async () => {}),
    );
    await expect(taken).rejects.toMatchObject({
      code: expect.stringMatching(/SNAPSHOT_ROWS_HIDDEN|SNAPSHOT_UNSUPPORTED/),
    });
    await engine.close();
  } finally {
    await site.engine.script(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});

test.each(snapshotEngines)("a %s database that is not empty is not restored into", async (name) => {
  await using site = await openSite(name, fixtures[name].shop);
  await using other = await emptyDatabase(name);
  await other.engine.script("CREATE TABLE there (id integer)");
  const { snapshotId } = await site.create();
  const restore = () =>
    restoreSnapshotInto(site.context, { snapshotId, operator: "ada", into: other.engine, auditTable });
  await expect(restore()).rejects.toMatchObject({ code: "RESTORE_TARGET_NOT_EMPTY" });
  await other.engine.script("DROP TABLE there");
  expect(await restore()).toMatchObject({ verified: true, runId: null, safetySnapshotId: null });
  expect((await site.audit()).at(-1)).toMatchObject({ action: "migration:snapshot:copied" });
});

// One session at a time: a reader of PGlite waits until it is over.
const readable = snapshotEngines.filter((name) => fixtures[name].hasProcesses);

test.each(readable)("readers on %s see the state before or the state after, never between", async (name) => {
  await using site = await openSite(name, fixtures[name].shop);
  const { snapshotId } = await site.create();
  await site.engine.script("UPDATE customer SET name = 'ruined'; DELETE FROM orders WHERE id > 10");
  const reader = await openEngine(site.url!);
  const { cannotShow }: SnapshotFixture = fixtures[name];
  const seen = new Set<string>();

  let reading = true;
  const read = async () => {
    while (reading) {
      await reader
        .transaction(
          async (tx) => {
            const one = await tx.query<{ n: unknown }>("SELECT count(*) AS n FROM customer WHERE name = 'ruined'");
            const two = await tx.query<{ n: unknown }>("SELECT count(*) AS n FROM orders");
            seen.add(`${one.rows[0]!.n}/${two.rows[0]!.n}`);
          },
          { isolation: "snapshot", readOnly: true },
        )
        .catch((error: unknown) => {
          if (!cannotShow?.(error)) throw error;
        });
      await new Promise(setImmediate);
    }
  };
  const readers = [read(), read()];
  await site.restore(snapshotId);
  await reader.transaction((tx) => tx.query("SELECT 1 AS one"));
  reading = false;
  await Promise.all(readers);
  await reader.close();
  expect([...seen].filter((each) => each !== "50/10" && each !== "0/50")).toEqual([]);
  expect(seen).toContain("50/10");
});

test("an engine says whether it takes snapshots, and what it does not take is refused", async () => {
  for (const name of engineNames) {
    await using target = await freshTarget(name);
    const { engine } = target;
    expect([name, engine.capabilities.snapshots]).toEqual([name, engine.snapshots !== undefined]);
    expect([name, engine.capabilities.snapshots]).toEqual([name, name in fixtures]);
    if (engine.capabilities.snapshots) continue;
    expect(() => snapshotPort(engine)).toThrow(expect.objectContaining({ code: "SNAPSHOTS_UNSUPPORTED" }));
  }
});
