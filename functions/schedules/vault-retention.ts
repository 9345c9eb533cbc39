import { runtime } from "../runtime.ts";

/** Deletes from the vault what has outlived its retention. */
export const handler = async () => (await runtime()).monitors.fire("vault-retention");
