import { randomBytes, randomUUID } from "node:crypto";
import { sha256 } from "@runback/core";
import { readAll } from "@runback/vault";
import { type DoctorCheck, fail, pass } from "../finding.ts";
import { probePrefix } from "../probe.ts";

const probeBytes = 64 * 1024;

/** Writes, finds, reads back, compares and deletes an object, as a run would. */
export const vaultRoundTrip: DoctorCheck = {
  id: "vault",
  run: async ({ vault }) => {
    const key = `${probePrefix}${randomUUID()}/probe`;
    const body = randomBytes(probeBytes);
    const expected = sha256(body);
    const put = await vault.put(key, body, { ifAbsent: true });
    const found = await vault.head(key);
    const read = await readAll(vault.get(key), 2 * probeBytes);
    await vault.delete(key);
    const after = await vault.head(key);
    const remedy = "Do not run anything against this vault: its store changes or loses what it is given.";
    if (put.sha256 !== expected || sha256(read) !== expected)
      return fail(`${vault.location} gives back other bytes than it was given`, remedy);
    if (found?.bytes !== probeBytes || after !== undefined)
      return fail(`${vault.location} lists what is not there, or not what is`, remedy);
    return pass(`${vault.location} can be written, read and deleted from`);
  },
};
