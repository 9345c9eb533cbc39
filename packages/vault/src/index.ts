/**
 * Object stores behind the `Vault` port (a folder, or S3), and the bundle format kept in them.
 */
export * from "./key.ts";
export * from "./open-vault.ts";
export * from "./read-all.ts";
