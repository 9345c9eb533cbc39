import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const bootstrap = {
  asset: "assets",
  assetEcrRegistryId: "1",
  assetEcrUrl: "ecr.example/assets",
  state: "state",
  appsyncHttp: "",
  appsyncRealtime: "",
};

/** Stands in for the sst program that components call: it names the asset bucket and "builds" every function to one file. */
export async function startRpc(): Promise<{ url: string; folder: string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "runback-infra-"));
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { method, params } = JSON.parse(body) as { method: string; params: [Record<string, unknown>] };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(await reply(method, params[0], folder)));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    folder,
    async close() {
      await new Promise((closed) => server.close(closed));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function reply(method: string, input: Record<string, unknown>, folder: string) {
  if (method === "Provider.Aws.Bootstrap") return { result: bootstrap };
  if (method === "Runtime.Build") {
    const out = await mkdtemp(join(folder, `${input.functionID}-`));
    await writeFile(join(out, "bundle.mjs"), "export const handler = () => {};\n");
    return { result: { handler: input.handler, out, errors: [], sourcemaps: [] } };
  }
  return { error: `rpc: can't find ${method}` };
}
