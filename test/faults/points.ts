import type { Connection, Engine, Vault } from "@runback/core";

/** Called at every place where a process can die with something different behind it; it may never return. */
export type Reach = (point: string) => Promise<void>;

/** Between statements, before and after every commit. What is inside a statement is reached with locks and by time. */
export function engineWithPoints(engine: Engine, reach: Reach): Engine {
  return {
    ...engine,
    ...connectionWithPoints(engine, reach),
    transaction: async (work, options) => {
      const value = await engine.transaction(async (tx) => {
        const worked = await work(connectionWithPoints(tx, reach));
        await reach("before commit");
        return worked;
      }, options);
      await reach("after commit");
      return value;
    },
    reshape: {
      ...engine.reshape,
      transaction: async (work, lockTimeoutMs) => {
        const value = await engine.reshape.transaction(async (tx) => {
          const worked = await work(connectionWithPoints(tx, reach));
          await reach("before commit");
          return worked;
        }, lockTimeoutMs);
        await reach("after commit");
        return value;
      },
    },
  };
}

function connectionWithPoints(connection: Connection, reach: Reach): Connection {
  return {
    query: async (text, params) => {
      await reach(`before ${text.trim().slice(0, 60)}`);
      return await connection.query(text, params);
    },
    script: async (text) => {
      await reach(`before ${text.trim().slice(0, 60)}`);
      await connection.script(text);
    },
    savepoint: (work) => connection.savepoint((tx) => work(connectionWithPoints(tx, reach))),
    load: async (table, columns, rows) =>
      await connection.load(
        table,
        columns,
        everySoOften(rows, () => reach(`during COPY ${table.name}`)),
      ),
  };
}

async function* everySoOften<T>(rows: AsyncIterable<T>, reach: () => Promise<void>): AsyncIterable<T> {
  let count = 0;
  for await (const row of rows) {
    if (count++ % 200 === 0) await reach();
    yield row;
  }
}

export function vaultWithPoints(vault: Vault, reach: Reach): Vault {
  return {
    location: vault.location,
    put: async (key, body, options) => {
      await reach(`before put ${key}`);
      const stored = await vault.put(key, body, options);
      await reach(`after put ${key}`);
      return stored;
    },
    get: (key, options) => vault.get(key, options),
    head: (key) => vault.head(key),
    list: (prefix) => vault.list(prefix),
    delete: (key) => vault.delete(key),
    close: () => vault.close(),
  };
}
