import { randomUUID } from "node:crypto";
import { RunbackError } from "@runback/core";
import { type DoctorCheck, fail, pass, warn } from "../finding.ts";
import { probePrefix } from "../probe.ts";

/** Long enough for the deletion that must be refused, short enough not to be in anybody's way. */
const lockMs = 30_000;

/** Locks an object and tries to delete it: what a bucket says about itself proves less than a refusal. */
export const objectLock: DoctorCheck = {
  id: "object-lock",
  run: async ({ vault, clock }) => {
    const key = `${probePrefix}${randomUUID()}/lock`;
    try {
      await vault.put(key, Buffer.from("locked\n"), {
        ifAbsent: true,
        retainUntil: new Date(clock.now().getTime() + lockMs),
      });
    } catch (error) {
      if (!(error instanceof RunbackError && error.code === "VAULT_LOCK_UNSUPPORTED")) throw error;
      return warn(
        `${vault.location} has no Object Lock: audit anchors there can be deleted`,
        "Use a bucket with versioning and Object Lock, which can only be chosen when it is made.",
      );
    }
    try {
      await vault.delete(key);
    } catch (error) {
      if (!(error instanceof RunbackError && error.code === "VAULT_LOCKED")) throw error;
      return pass(
        vault.location.startsWith("file:")
          ? "retention is kept; a folder does not bind whoever owns its disk, a bucket with Object Lock does"
          : "a locked object was refused to be deleted",
      );
    }
    return fail(`${vault.location} deleted a locked object`, "Do not rely on anchors in this vault.");
  },
};
