import { qualifiedName, sameTable } from "@runback/core";
import { type DoctorCheck, fail, pass, warn } from "../finding.ts";

export const auditProtection: DoctorCheck = {
  id: "audit-protection",
  needsTarget: true,
  run: async ({ engine }, { auditTable }) => {
    const name = qualifiedName(auditTable);
    const { applied } = await engine.diagnosis.ownTables(engine);
    if (applied.length === 0) return warn(`${name} is not protected yet`, "Run `runback init`.");
    const there =
      auditTable.schema === "runback" || (await engine.catalog()).tables.some((table) => sameTable(table, auditTable));
    if (!there) return fail(`there is no audit table ${name}`, "Run `runback init`.");
    const gaps = await engine.audit.protectionGaps(engine, auditTable);
    if (gaps.length === 0) {
      const able = (await engine.diagnosis.mayTruncate?.(engine)) ?? [];
      if (able.length === 0) return pass(`${name} is append-only and chained`);
      return warn(
        `${name} is append-only and chained, but these may drop what refuses TRUNCATE: ${able.join(", ")}`,
        "Revoke DROP from those who need not have it. Runback's own user must, for its staging tables: keep the trail anchored (`serve` and the deployed schedules do), so that `runback audit verify` finds one that was emptied and rebuilt.",
      );
    }
    return fail(
      `${name}: ${gaps.join("; ")}`,
      "Run `runback audit verify` to see what slipped past, and find out who changed the triggers. A table that was never protected: `runback init`.",
    );
  },
};
