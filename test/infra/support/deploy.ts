import { fileURLToPath } from "node:url";
import { recorder } from "./recorder.ts";
import { startRpc } from "./rpc.ts";
import { type Keeping, Stack } from "./stack.ts";
import { unpack } from "./unpack.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

interface App {
  readonly name: string;
  readonly removal: string;
  readonly protect: boolean;
}

interface SstConfig {
  app(input: { stage: string }): App;
  run(): Promise<Record<string, unknown>>;
}

/**
 * Runs the real `sst.config.ts` through the real SST components and Pulumi's SDK, with Pulumi's mocks in the place of AWS:
 * every resource that a deploy would ask for is registered with its inputs resolved. Once per test file: the SDK keeps
 * its state in the process.
 */
export async function deploy(stage: string, environment: Readonly<Record<string, string>> = {}): Promise<Stack> {
  unpack();
  const rpc = await startRpc();
  Object.assign(process.env, { SST_SERVER: rpc.url, ...environment });
  const { mocks, resources } = recorder();
  const pulumi = await import("../../../.sst/platform/node_modules/@pulumi/pulumi/index.js");
  await pulumi.runtime.setMocks(mocks, "runback", stage, false);

  // As sst does it: first what the program is, then the components, which read it while they load.
  Object.assign(globalThis, { $config: (config: SstConfig) => config });
  const config = (await import("../../../sst.config.ts")).default as SstConfig;
  const app = config.app({ stage });
  const paths = { home: rpc.folder, root, work: rpc.folder, platform: `${root}.sst/platform` };
  Object.assign(globalThis, {
    $app: { providers: {}, ...app, stage },
    $cli: { command: "deploy", paths, state: { version: {} } },
    $dev: false,
  });
  const shim = `${root}.sst/platform/src/shim/run.js`;
  Object.assign(globalThis, await import(shim), {
    sst: await import("../../../.sst/platform/src/components/index.ts"),
    aws: await import("../../../.sst/platform/node_modules/@pulumi/aws/index.js"),
  });

  const { run } = await import("../../../.sst/platform/src/auto/run.ts");
  try {
    const kept = new Map<string, Keeping>();
    const outputs = await pulumi.runtime.runInPulumiStack(() =>
      run(() => {
        // Last of the transformations, so it sees what the others decided. Mocks are not told how a resource is kept.
        pulumi.runtime.registerStackTransformation(({ type, name, opts }) => {
          kept.set(`${type} ${name}`, { protect: opts.protect === true, retainOnDelete: opts.retainOnDelete === true });
          return undefined;
        });
        return config.run();
      }),
    );
    await pulumi.runtime.disconnect();
    const resolved = await new Promise<Stack["outputs"]>((done) => pulumi.output(outputs ?? {}).apply(done));
    return new Stack(app, resources, resolved, kept);
  } finally {
    await rpc.close();
  }
}

/** The secrets that a deploy needs, as `sst secret set` stores them. */
export const secrets = {
  SST_SECRET_AdminToken: "admin-token-for-tests",
  SST_SECRET_DatabaseUrl: "postgres://app:password-for-tests@db.example/app",
};
