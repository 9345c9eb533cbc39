/** One process that sets up a target: prints what it applied as JSON. Run as `node init-target.ts <database url>`. */
import { errorDocument } from "@runback/core";
import { openEngine } from "@runback/engines";

const engine = await openEngine(String(process.argv[2]));
try {
  console.log(JSON.stringify({ applied: await engine.init() }));
} catch (error) {
  console.log(JSON.stringify(errorDocument(error)));
  process.exitCode = 2;
} finally {
  await engine.close();
}
