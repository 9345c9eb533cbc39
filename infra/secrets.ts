/**
 * Set with `sst secret set <name> <value>` before the first deploy, which refuses to go on without them.
 * Functions read them from the encrypted file in their package, so they show in no console and in no function's environment.
 */
export function createSecrets() {
  return {
    /** Bearer token of the first administrator, who then creates the others. */
    adminToken: new sst.Secret("AdminToken"),
    /** Variables that receivers of alerts are configured with, as one JSON object: addresses of some are secrets themselves. */
    alertReceivers: new sst.Secret("AlertReceivers", "{}"),
  };
}

export type Secrets = ReturnType<typeof createSecrets>;
