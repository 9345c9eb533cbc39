export * from "./files.ts";
export * from "./finding.ts";
export * from "./formats/sarif.ts";
export * from "./formats/text.ts";
export * from "./guard.ts";
export * from "./revision.ts";
export * from "./rules.ts";
