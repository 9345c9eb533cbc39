import { qualifiedName, sameTable } from "@runback/core";
import { type DoctorCheck, fail, pass, warn } from "../finding.ts";

export const auditProtection: DoctorCheck = {
  id: "audit-protection",
  needsTarget: true,
  run: async ({ engine }, { declaration: { auditTable } }) => {
    const name = qualifiedName(auditTable);
    const { applied } = await engine.diagnosis.ownTables(engine);
    if (applied.length === 0) return warn(`${name} is not protected yet`, "Run `runback init`.");
    const there =
      auditTable.schema === "runback" || (await engine.catalog()).tables.some((table) => sameTable(table, auditTable));
    if (!there) return fail(`there is no audit table ${name}`, "Run `runback init`.");
    const gaps = await engine.audit.protectionGaps(engine, auditTable);
    if (gaps.length === 0) return pass(`${name} is append-only and chained`);
    return fail(
      `${name}: ${gaps.join("; ")}`,
      "Run `runback audit verify` to see what slipped past, and find out who changed the triggers. A table that was never protected: `runback init`.",
    );
  },
};
