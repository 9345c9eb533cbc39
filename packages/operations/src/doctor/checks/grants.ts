import { type ImportDeclaration, sameTable, type TableRef } from "@runback/core";
import { type DoctorCheck, fail, pass } from "../finding.ts";

export const grants: DoctorCheck = {
  id: "grants",
  needsTarget: true,
  run: async ({ engine }, { declaration, auditTable }) => {
    const named = [...(declaration ? imported(declaration) : []), auditTable];
    const tables = named.filter((table, at) => named.findIndex((other) => sameTable(other, table)) === at);
    const all = await engine.diagnosis.grants(engine, tables);
    const missing = all.filter((grant) => !grant.granted);
    if (missing.length === 0) return pass(`all ${all.length} rights granted`);
    return fail(
      `missing: ${missing.map((grant) => grant.right).join(", ")}`,
      `As an owner or administrator: ${missing.map((grant) => grant.remedy).join("; ")}`,
    );
  },
};

const imported = ({ model, entities, mapping, syncState }: ImportDeclaration): TableRef[] => [
  ...model,
  ...entities.map((entity) => entity.table),
  mapping.table,
  ...(syncState ? [syncState.table] : []),
];
