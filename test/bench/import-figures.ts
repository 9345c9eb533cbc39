import { type EntityCounts, silentLogger, systemClock } from "@runback/core";
import { openEngine } from "@runback/engines";
import { wildApricotImport } from "@runback/membership";
import { runRollback } from "@runback/operations";
import { openVault } from "@runback/vault";
import { type Figure, median } from "./report.ts";

export interface ImportChild {
  readonly ms: number;
  readonly runId: string;
  readonly entities: Readonly<Record<string, EntityCounts>>;
  readonly peakMb: number | null;
}

/** Members, events and registrations: every row that was written, besides journal and mappings. */
export const createdRows = (entities: ImportChild["entities"]) =>
  Object.values(entities).reduce((sum, { created }) => sum + created, 0);

const parsed = ({ entities }: ImportChild) => Object.values(entities).reduce((sum, counts) => sum + counts.parsed, 0);

export function importFigures(small: readonly ImportChild[], large: ImportChild, registrations: number): Figure[] {
  const seconds = small.map(({ ms }) => ms / 1000);
  const rate = registrations / (large.ms / 1000);
  const size = `${registrations.toLocaleString("en")} registrations`;
  return [
    {
      name: "import of the sample",
      size: `${parsed(small[0]!).toLocaleString("en")} rows`,
      value: median(seconds),
      unit: "s",
      limit: 1.5,
      better: "lower",
      samples: seconds,
    },
    {
      name: "import, journal and audit on",
      size,
      value: rate,
      unit: "rows/s",
      limit: 40_000,
      better: "higher",
      samples: [rate],
    },
    ...(large.peakMb === null
      ? []
      : [
          {
            name: "import, peak memory",
            size,
            value: large.peakMb,
            unit: "MB",
            limit: 250,
            better: "lower",
            samples: [large.peakMb],
          } as const,
        ]),
  ];
}

/** Taking the whole import back, against the import that wrote it. */
export async function rollbackFigure(url: string, vaultUrl: string, forward: ImportChild): Promise<Figure> {
  const engine = await openEngine(url);
  const vault = await openVault(vaultUrl);
  const began = performance.now();
  const context = {
    engine,
    vault,
    clock: systemClock,
    logger: silentLogger,
    holder: `bench:${process.pid}`,
    isDead: () => false,
  };
  const result = await runRollback(context, {
    runId: forward.runId,
    operator: "bench",
    onConflict: "abort",
    auditTable: wildApricotImport.auditTable,
  });
  const ratio = (performance.now() - began) / forward.ms;
  await engine.close();
  await vault.close();
  if (!result.verified) throw new Error("the rollback was not verified");
  return {
    name: "rollback of the import / import",
    size: `${result.planned.toLocaleString("en")} rows`,
    value: ratio,
    unit: "x",
    limit: 1.0,
    better: "lower",
    samples: [ratio],
  };
}
