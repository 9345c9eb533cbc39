import type { Reporter, TestModule } from "vitest/node";

const names = ["postgres", "pgbouncer", "pglite", "data-api", "mysql", "sqlite"] as const;
const named = new RegExp(`\\b(${names.join("|")})\\b`);

/** Prints how many cases each engine passed, suite by suite: `npm run conformance`. Cases that do not name an engine are not counted. */
export default class CasesPerEngine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, Map<string, number>>();
    let failed = 0;
    for (const module of modules) {
      const suite = module.relativeModuleId.replace(/^test\/engines\//, "").replace(/\.test\.ts$/, "");
      for (const test of module.children.allTests()) {
        const engine = named.exec(test.fullName)?.[1];
        const { state } = test.result();
        if (state === "failed") failed++;
        if (engine === undefined || state !== "passed") continue;
        const row = counts.get(suite) ?? new Map<string, number>();
        counts.set(suite, row.set(engine, (row.get(engine) ?? 0) + 1));
      }
    }
    const line = (title: string, of: (engine: string) => number) =>
      `| ${title} | ${names.map((engine) => of(engine) || "").join(" | ")} |`;
    const total = (engine: string) => [...counts.values()].reduce((sum, row) => sum + (row.get(engine) ?? 0), 0);
    const rows = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
    process.stdout.write(
      `\n${[
        `| cases passed | ${names.join(" | ")} |`,
        `|---|${names.map(() => "---:").join("|")}|`,
        ...rows.map(([suite, row]) => line(suite, (engine) => row.get(engine) ?? 0)),
        line("all", total),
      ].join("\n")}\n\n${failed} failed\n`,
    );
  }
}
