import { isRunId, RunbackError } from "@runback/core";
import postgres from "postgres";

/**
 * `DATABASE_URL` and `PGOPTIONS` under which every session names the run: the server sets what the start of a session
 * asks for. Drivers read the option from the URL (libpq and all that is built on it, postgres.js, node-postgres); psql
 * without a URL reads `PGOPTIONS`. What was asked for there already stays in front.
 */
export function withRun(
  url: string,
  runId: string,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  if (!isRunId(runId)) throw new Error("a run id has no blanks or quotes to escape");
  const setting = `-c runback.run_id=${runId}`;
  const joined = (before: string | undefined) => (before ? `${before} ${setting}` : setting);
  const mark = url.indexOf("?");
  // By hand: URL cannot hold several hosts, and writes a blank as +, which libpq takes for a plus sign.
  const base = mark < 0 ? url : url.slice(0, mark);
  const given = mark < 0 ? [] : url.slice(mark + 1).split("&");
  const options = given.find((each) => each.startsWith("options="))?.slice("options=".length);
  const parameters = [
    ...given.filter((each) => each !== "" && !each.startsWith("options=")),
    `options=${encodeURIComponent(joined(options === undefined ? undefined : decodeURIComponent(options)))}`,
  ];
  return {
    DATABASE_URL: `${base}?${parameters.join("&")}`,
    PGOPTIONS: joined(env.PGOPTIONS),
    RUNBACK_RUN_ID: runId,
  };
}

/** As `withRun`, after one session showed that the setting arrives. @throws `RUN_NOT_NAMED`, `TARGET_UNREACHABLE` */
export async function sessionEnvironment(
  url: string,
  runId: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Readonly<Record<string, string>>> {
  const environment = withRun(url, runId, env);
  const sql = postgres(environment.DATABASE_URL!, {
    max: 1,
    connect_timeout: 10,
    prepare: false,
    fetch_types: false,
    onnotice: () => {},
  });
  try {
    // Two transactions: a pooler may serve the second from another session.
    for (let time = 0; time < 2; time++) {
      const rows = await sql`SELECT current_setting('runback.run_id', true) AS run`;
      if (rows[0]?.run !== runId) throw notNamed();
    }
  } catch (error) {
    if (error instanceof RunbackError) throw error;
    throw notNamed(error);
  } finally {
    await sql.end({ timeout: 5 });
  }
  return { ...environment, ...libpqVariables(sql.options) };
}

/** For programs that take no URL: a plain `psql` or `pg_dump` reaches the target too, and no other database by mistake. */
function libpqVariables({ host, port, user, pass, database }: postgres.Sql["options"]): Record<string, string> {
  return {
    PGHOST: host.join(","),
    PGPORT: port.join(","),
    PGUSER: user,
    PGDATABASE: database,
    ...(typeof pass === "string" ? { PGPASSWORD: pass } : {}),
  };
}

function notNamed(cause?: unknown): RunbackError {
  const why = cause instanceof Error ? ` (${(cause as { code?: string }).code ?? cause.name})` : "";
  return new RunbackError("RUN_NOT_NAMED", `A new session of the target does not carry the run's name${why}.`, {
    recovery:
      "Nothing was started: its changes would not have been journaled. A pooler in transaction mode drops settings of a session: give the address of the server itself, or of a pooler in session mode.",
    status: 502,
    cause,
  });
}
