/**
 * Object stores behind the `Vault` port (a folder, or S3), and the bundle and snapshot formats kept in them.
 */
export * from "./bundle-names.ts";
export * from "./bundle-source.ts";
export * from "./key.ts";
export * from "./open-vault.ts";
export * from "./read-all.ts";
export * from "./snapshot/list-snapshots.ts";
export * from "./snapshot/read-snapshot.ts";
export * from "./snapshot/snapshot-errors.ts";
export * from "./snapshot/snapshot-manifest.ts";
export * from "./snapshot/write-snapshot.ts";
export * from "./sums.ts";
export * from "./verify-bundle.ts";
export * from "./write-bundle.ts";
export * from "./write-bundle-folder.ts";
