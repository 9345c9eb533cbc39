export * from "./canonical.ts";
export * from "./clock.ts";
export * from "./error.ts";
export * from "./logger.ts";
export * from "./vault.ts";
export * from "./verification.ts";
