/**
 * Streams an object of argv[3] bytes into the vault named by argv[2] and back, and prints the largest memory seen on the way:
 * `{"peakBytes":…,"sha256Matches":true}`. Peak is heap in use plus array buffers: what grows when something is kept.
 */
import { createHash, randomBytes } from "node:crypto";
import { openVault } from "@runback/vault";

const [, , url = "", size = "0"] = process.argv;
const credentials = { accessKeyId: process.env.TEST_KEY ?? "", secretAccessKey: process.env.TEST_SECRET ?? "" };
const vault = await openVault(url, { credentials });
const block = randomBytes(256 * 1024);
let peakBytes = 0;

function sample(): void {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  peakBytes = Math.max(peakBytes, heapUsed + arrayBuffers);
}

async function* body() {
  for (let sent = 0; sent < Number(size); sent += block.byteLength) {
    block.writeUInt32LE(sent / block.byteLength);
    yield block;
    sample();
  }
}

const { sha256 } = await vault.put("big", body());
const hash = createHash("sha256");
for await (const chunk of vault.get("big")) {
  hash.update(chunk);
  sample();
}
await vault.close();
process.stdout.write(JSON.stringify({ peakBytes, sha256Matches: hash.digest("hex") === sha256 }));
