// Owners, grants and policies of a restore in place.
import { afterAll, beforeAll, expect, test } from "vitest";
import { auditTable } from "./audit-table.ts";
import { captured } from "./memory-snapshot.ts";
import { shop } from "./shop.ts";
import { openSite, type Site } from "./site.ts";

const role = `reader_${process.pid}`;
const owner = `Owner "${process.pid}" TO x`;
const ownerId = `"${owner.replaceAll('"', '""')}"`;
const sql = `${shop}
CREATE ROLE ${role};
CREATE ROLE ${ownerId};
GRANT SELECT ON public.customer TO ${role} WITH GRANT OPTION;
GRANT SELECT, UPDATE (state) ON public.orders TO ${role};
REVOKE TRUNCATE ON public.orders FROM CURRENT_USER;
CREATE FUNCTION public.secret() RETURNS integer LANGUAGE sql RETURN 1;
REVOKE EXECUTE ON FUNCTION public.secret() FROM PUBLIC;
GRANT CREATE, USAGE ON SCHEMA public TO ${ownerId};
ALTER TABLE public."WaSyncState" OWNER TO ${ownerId};
ALTER TABLE public.customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON public.customer FOR SELECT TO ${role} USING (id < 10);`;

let site: Site;
beforeAll(async () => {
  site = await openSite("postgres", sql);
});
afterAll(async () => {
  await site.engine.script(`RESET ROLE; DROP OWNED BY ${role} CASCADE; DROP OWNED BY ${ownerId} CASCADE;
    DROP ROLE ${role}; DROP ROLE ${ownerId}`);
  await site[Symbol.asyncDispose]();
});

const access = async () =>
  ((await site.engine.snapshots!.capture(async ({ schema }) => schema.objects)) as { access: unknown[] }).access;

async function replace(): Promise<void> {
  const nothing = async () => {};
  const source = await captured(site.engine);
  await site.engine.snapshots!.replace(source, [auditTable], { frozen: nothing, loaded: nothing, switched: nothing });
  await site.engine.snapshots!.dropReplaced!();
}

test("come back exactly, also where default privileges would give more", async () => {
  const before = await access();
  await site.engine.script(`ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO ${role}, ${ownerId}, PUBLIC;
    ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO ${role}`);
  await replace();
  expect(await access()).toEqual(before);
  await site.engine.script(`ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM ${role}, ${ownerId}, PUBLIC;
    ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM ${role}`);
});

test.each([
  [
    "a grant",
    "GRANT",
    `REVOKE SELECT ON public.customer FROM ${role} CASCADE`,
    `missing: GRANT SELECT ON TABLE public.customer TO ${role}`,
  ],
  ["a policy", "CREATE POLICY", "DROP POLICY mine ON public.customer", "missing: CREATE POLICY mine"],
  ["an owner", "ALTER TABLE", `ALTER TABLE public."WaSyncState" OWNER TO CURRENT_USER`, "missing: ALTER TABLE"],
])("%s that is lost on the way refuses the restore", async (_, tag, loses, named) => {
  const before = await access();
  // Something that interferes where nobody looks: it takes back at once what was given.
  await site.engine.script(`CREATE FUNCTION runback.interfere() RETURNS event_trigger LANGUAGE plpgsql AS $f$
    BEGIN
      IF pg_trigger_depth() = 0 AND coalesce(current_setting('test.interfering', true), '') = '' THEN
        PERFORM set_config('test.interfering', 'on', true);
        BEGIN ${loses}; EXCEPTION WHEN OTHERS THEN NULL; END;
        PERFORM set_config('test.interfering', '', true);
      END IF;
    END $f$;
    CREATE EVENT TRIGGER interfere ON ddl_command_end WHEN TAG IN ('${tag}') EXECUTE FUNCTION runback.interfere()`);
  try {
    await expect(replace()).rejects.toMatchObject({
      code: "RESTORE_ACCESS_DIFFERS",
      details: { statements: expect.arrayContaining([expect.stringContaining(named)]) },
    });
  } finally {
    await site.engine.script("DROP EVENT TRIGGER interfere; DROP FUNCTION runback.interfere()");
  }
  expect(await access()).toEqual(before);
});
