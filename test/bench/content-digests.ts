import { findTable } from "@runback/core";
import { openEngine } from "@runback/engines";
import { type Figure, median } from "./report.ts";

/** What verification reads of a table's content, against one raw md5 aggregate over the same rows, one process each. */
export async function contentDigests(url: string, rounds: number): Promise<Figure> {
  const engine = await openEngine(url);
  const table = findTable(await engine.catalog(), "Registration")!;
  const ratios: number[] = [];
  let rows = 0;
  for (let round = 0; round < rounds; round++) {
    const raw = await timed(() =>
      engine.transaction(
        (tx) => tx.query(`SELECT md5(string_agg(md5(t::text), '' ORDER BY id)) FROM "Registration" t`),
        { bulk: true },
      ),
    );
    const own = await timed(async () => {
      const digest = await engine.transaction((tx) => engine.digests(tx, table), { bulk: true });
      rows = digest.rows;
    });
    ratios.push(own / raw);
  }
  await engine.close();
  return {
    name: "content digests / raw md5 aggregate",
    size: `${rows.toLocaleString("en")} rows`,
    value: median(ratios),
    unit: "x",
    limit: 1.3,
    better: "lower",
    samples: ratios,
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
