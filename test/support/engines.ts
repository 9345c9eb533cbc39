import type { Engine } from "@runback/core";
import { openPostgres } from "@runback/engines";
import { freshDataApi } from "../data-api/fresh-data-api.ts";
import { createDatabase } from "./database.ts";
import { freshPglite } from "./fresh-pglite.ts";

export interface TestTarget extends AsyncDisposable {
  readonly engine: Engine;
}

/** Every engine the suites loop over. A new engine is one line here. */
export const engineNames = ["postgres", "pglite", "data-api"] as const;

/** A fresh target with Runback's own tables. */
export async function freshTarget(name: (typeof engineNames)[number]): Promise<TestTarget> {
  if (name === "pglite") {
    const engine = await freshPglite();
    await engine.init();
    return { engine, [Symbol.asyncDispose]: () => engine.close() };
  }
  if (name === "data-api") {
    const target = await freshDataApi();
    await target.engine.init();
    return target;
  }
  const database = await createDatabase();
  const engine = openPostgres(database.url);
  await engine.init();
  return {
    engine,
    [Symbol.asyncDispose]: async () => {
      await engine.close();
      await database.drop();
    },
  };
}
