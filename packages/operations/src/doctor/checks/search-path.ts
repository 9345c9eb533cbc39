import { type DoctorCheck, fail, pass, warn } from "../finding.ts";

export const searchPath: DoctorCheck = {
  id: "search-path",
  needsTarget: true,
  run: async ({ engine }) => {
    const { schemas, role } = await engine.diagnosis.searchPath(engine);
    const first = schemas[0];
    const remedy = `Set another one for the role: ALTER ROLE … SET search_path = public.`;
    if (first === undefined)
      return warn("the search path names no schema that exists: unqualified names are not found", remedy);
    if (first === "runback")
      return fail("unqualified names lead to Runback's own schema first: a program could change the journal", remedy);
    if (first === role)
      return warn(`unqualified names lead to the schema ${first}, named like the role, before any other`, remedy);
    return pass(`unqualified names lead to ${schemas.join(", ")}`);
  },
};
