export { writeHostileExport } from "./hostile.ts";
export { sampleTierMapping } from "./levels.ts";
export { writeSampleExport } from "./write-sample-export.ts";
