export * from "./context.ts";
export { advanceImport, resumeImport, runImport, startImport } from "./import/import.ts";
export type { ImportOptions } from "./import/import-options.ts";
export { init } from "./init/init.ts";
