export { membershipModel, membershipTable } from "./model.ts";
export { membershipPolicies } from "./policies.ts";
export { sampleTierMapping, writeHostileExport, writeSampleExport } from "./sample/index.ts";
export { tiers } from "./tiers.ts";
export { wildApricotImport } from "./wild-apricot/declaration.ts";
