/**
 * Puts objects into the vault named by the first argument, one after the other, until it is killed. Before each it prints the key; keys
 * end in the SHA-256 of what they hold, so that whoever looks afterwards can tell a whole object from a half one.
 */
import { createHash, randomBytes } from "node:crypto";
import { openVault } from "@runback/vault";

const vault = await openVault(process.argv[2] ?? "");
for (let index = 0; ; index++) {
  const parts = Array.from({ length: 40 }, () => randomBytes(16 * 1024));
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  const key = `objects/${index}-${hash.digest("hex")}`;
  async function* body() {
    for (const part of parts) {
      yield part;
      process.stdout.write(`${key}\n`);
    }
  }
  await vault.put(key, body(), { ifAbsent: index % 2 === 0 });
  process.stdout.write(`done ${key}\n`);
}
