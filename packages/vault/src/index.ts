/**
 * Object stores behind the `Vault` port (a folder, or S3), and the bundle format kept in them.
 */
export * from "./bundle-names.ts";
export * from "./bundle-source.ts";
export * from "./key.ts";
export * from "./open-vault.ts";
export * from "./read-all.ts";
export * from "./sums.ts";
export * from "./verify-bundle.ts";
export * from "./write-bundle.ts";
export * from "./write-bundle-folder.ts";
