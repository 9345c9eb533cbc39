import { type DoctorCheck, fail, pass, warn } from "../finding.ts";
import { decode, readUrl } from "../read-url.ts";

/** Variables by which other tools find the same database, and the part of the URL each must agree with. */
const variables = {
  POSTGRES_HOST: "host",
  POSTGRES_PORT: "port",
  POSTGRES_USER: "user",
  POSTGRES_PASSWORD: "password",
  POSTGRES_DB: "database",
  PGHOST: "host",
  PGPORT: "port",
  PGUSER: "user",
  PGPASSWORD: "password",
  PGDATABASE: "database",
} as const;

/** One database, one address: a tool that reads the other variables would migrate another one. */
export const environmentContract: DoctorCheck = {
  id: "environment",
  run: async (_context, { databaseUrl, env }) => {
    const set = (Object.keys(variables) as (keyof typeof variables)[]).filter((name) => env[name]);
    if (databaseUrl === null) {
      return set.length === 0
        ? pass("DATABASE_URL is not set: the embedded PostgreSQL is the target")
        : warn(
            `DATABASE_URL is not set, but ${set.join(", ")} are: tools that read them use another database than Runback`,
            "Set DATABASE_URL, and build the others from it.",
          );
    }
    const parts = readUrl(databaseUrl);
    if (parts === undefined)
      return fail("DATABASE_URL is not a URL", "Write postgres://user:password@host:5432/database.");
    if (!/^postgres(ql)?:/i.test(databaseUrl)) return pass("the target is none that POSTGRES_* could name");
    const said: Record<string, string | undefined> = {
      ...parts,
      port: parts.port || "5432",
      user: decode(parts.user) ?? parts.user,
      database: decode(parts.database) ?? parts.database,
      password: parts.password === null ? undefined : (decode(parts.password) ?? parts.password),
    };
    // Names only: one of the values is a password.
    const differ = set.filter((name) => said[variables[name]] !== undefined && env[name] !== said[variables[name]]);
    if (differ.length === 0)
      return pass(set.length === 0 ? "DATABASE_URL is the one address" : `${set.join(", ")} agree with DATABASE_URL`);
    return fail(
      `${differ.join(", ")} disagree with DATABASE_URL: tools that read them use another database, user or password`,
      "Remove them, or build them from DATABASE_URL.",
    );
  },
};
