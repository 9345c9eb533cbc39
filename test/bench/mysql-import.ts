import { createConnection } from "mysql2/promise";
import { mysqlServer } from "../support/mysql-server.ts";
import { createdRows, type ImportChild } from "./import-figures.ts";
import type { Figure } from "./report.ts";
import { child } from "./workspace.ts";

/** As in production: every commit is on disk. */
export const durable = [
  "--innodb-flush-log-at-trx-commit=1",
  "--innodb-doublewrite=1",
  "--innodb-flush-method=fsync",
  "--innodb-buffer-pool-size=1G",
  "--innodb-log-file-size=512M",
];

/** The import of a large export into a MariaDB of its own, journal and audit on. */
export async function mysqlImport(source: string, vaultUrl: string, registrations: number): Promise<Figure[]> {
  const server = await mysqlServer(durable);
  try {
    const admin = await createConnection({ uri: server.adminUrl });
    await admin.query("CREATE DATABASE runback_bench CHARACTER SET utf8mb4");
    const url = new URL(server.adminUrl);
    url.pathname = "/runback_bench";
    const { ms, peakMb, entities } = await child<ImportChild>("import-child.ts", [url.href, vaultUrl, source]);
    await admin.query("DROP DATABASE runback_bench");
    await admin.end();
    if (entities.registrations!.created !== registrations) throw new Error("the import did not write every row");
    const written = createdRows(entities);
    const size = `${written.toLocaleString("en")} rows`;
    const rate = written / (ms / 1000);
    return [
      {
        name: "import on MariaDB, journal and audit on",
        size,
        value: rate,
        unit: "rows/s",
        limit: 25_000,
        better: "higher",
        samples: [rate],
      },
      ...(peakMb === null
        ? []
        : [
            {
              name: "import on MariaDB, peak memory",
              size,
              value: peakMb,
              unit: "MB",
              limit: 250,
              better: "lower",
              samples: [peakMb],
            } as const,
          ]),
    ];
  } finally {
    await server.stop();
  }
}
