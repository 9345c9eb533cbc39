import type { Engine } from "@runback/core";
import { openPostgres } from "@runback/engines";
import { freshDataApi } from "../../data-api/fresh-data-api.ts";
import { createDatabase } from "../../support/database.ts";
import type { EngineName } from "../../support/engines.ts";
import { freshPglite } from "../../support/fresh-pglite.ts";

/** Settings under which a value's text is lossy, ambiguous or in another encoding, and names mean other things. */
const settings: Readonly<Record<string, string>> = {
  DateStyle: "German, DMY",
  IntervalStyle: "sql_standard",
  TimeZone: "America/St_Johns",
  extra_float_digits: "-15",
  bytea_output: "escape",
  client_encoding: "LATIN1",
  xmlbinary: "hex",
  xmloption: "document",
  lc_monetary: "de_DE.UTF-8",
  standard_conforming_strings: "off",
  search_path: "evil, pg_catalog",
};

const set = (name: string, value: string) => `SET ${name} = ${name === "search_path" ? value : `'${value}'`}`;

// Shadows what the journal calls, for every session that does not guard its path.
const evil = `
CREATE SCHEMA evil;
CREATE FUNCTION evil.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT '' $$;
CREATE FUNCTION evil.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT ''::bytea $$;
CREATE FUNCTION evil.same(uuid, uuid) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$;
CREATE OPERATOR evil.= (leftarg = uuid, rightarg = uuid, function = evil.same)`;

export interface HostileTarget extends AsyncDisposable {
  readonly engine: Engine;
  /** Makes the current session, a writer's, as hostile as it can be. */
  readonly hostile: string;
}

/** A target whose sessions start with those settings, except those that Runback's own driver needs. */
export async function hostileTarget(name: EngineName): Promise<HostileTarget> {
  const database = name === "postgres" ? await createDatabase() : undefined;
  const service = name === "data-api" ? await freshDataApi() : undefined;
  const engine = database ? openPostgres(database.url, { max: 1 }) : (service?.engine ?? (await freshPglite()));
  await engine.init();
  await engine.script(evil);
  const known: string[] = [];
  for (const [setting, value] of Object.entries(settings)) {
    // The locale and, in the embedded engine, encodings are the build's; everything else must exist.
    const optional = setting === "lc_monetary" || (setting === "client_encoding" && name !== "postgres");
    const accepted = await engine
      .transaction((tx) => tx.script(set(setting, value).replace("SET", "SET LOCAL")))
      .then(() => true)
      .catch((error) => {
        if (!optional) throw error;
        return false;
      });
    if (accepted) known.push(setting);
  }
  const start = known.filter((setting) => setting !== "client_encoding").map((each) => set(each, settings[each]!));
  // A service with sessions of its own keeps none of them: each begins with these.
  if (service) service.server.sessionSql = start.join(";");
  else for (const each of start) await engine.script(each);
  return {
    engine,
    hostile: known.map((setting) => set(setting, settings[setting]!).replace("SET", "SET LOCAL")).join(";"),
    [Symbol.asyncDispose]: async () => {
      if (service) return await service[Symbol.asyncDispose]();
      await engine.close();
      await database?.drop();
    },
  };
}
