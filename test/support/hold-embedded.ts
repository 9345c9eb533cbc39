/**
 * A client of the embedded server as a process of its own: prints `{"url"}` or `{"error"}` in one line, and holds its
 * lease until its standard input ends. Run as `node hold-embedded.ts <directory>`.
 */
import { errorDocument } from "@runback/core";
import { acquireEmbedded } from "../../packages/runtime/src/embedded/acquire.ts";

try {
  const lease = await acquireEmbedded({ directory: String(process.argv[2]) });
  console.log(JSON.stringify({ url: lease.url }));
  process.stdin.resume().once("end", () => lease.release());
} catch (error) {
  console.log(JSON.stringify(errorDocument(error)));
  process.exitCode = 2;
}
