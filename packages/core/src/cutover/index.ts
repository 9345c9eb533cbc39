export * from "./column-cutover.ts";
