import { PGlite, types } from "@electric-sql/pglite";
import type { Engine } from "@runback/core";
import { openDataApi } from "@runback/engines";
import { emptyPglite } from "../support/fresh-pglite.ts";
import { type DataApiServer, startDataApi } from "./server.ts";

const account = "123456789012";
export const region = "eu-west-1";
export const cluster = `arn:aws:rds:${region}:${account}:cluster:test`;
export const secret = `arn:aws:secretsmanager:${region}:${account}:secret:test-AbCdEf`;
export const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

export interface DataApiTarget extends AsyncDisposable {
  readonly engine: Engine;
  readonly server: DataApiServer;
  readonly url: string;
  /** The database behind the service. */
  readonly db: PGlite;
  /** Moves the service's clock. */
  pass(ms: number): Promise<void>;
}

const asText = (text: string) => text;
/** Every value as the database prints it: what the service makes of it is the emulator's to say. */
const parsers = Object.fromEntries(
  Object.values(types).flatMap((oid) => (typeof oid === "number" ? [[oid, asText]] : [])),
);

/** A service of its own in front of a PGlite of its own, and an engine that speaks to it. */
export async function freshDataApi(): Promise<DataApiTarget> {
  const db = await PGlite.create({ loadDataDir: await emptyPglite(), parsers });
  let skipped = 0;
  const server = await startDataApi({
    db,
    cluster,
    secret,
    database: "test",
    credentials,
    region,
    now: () => Date.now() + skipped,
  });
  const url = `data-api://${cluster}?secret=${secret}&database=test&endpoint=${encodeURIComponent(server.endpoint)}`;
  const engine = await openDataApi(url, { credentials, pause: async () => {} });
  return {
    engine,
    server,
    url,
    db,
    pass: async (ms) => {
      skipped += ms;
      await server.expire();
    },
    [Symbol.asyncDispose]: async () => {
      await engine.close();
      await server.close();
      await db.close();
    },
  };
}
