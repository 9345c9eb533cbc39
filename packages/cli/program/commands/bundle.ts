import { bundleCreate } from "@runback/operations";
import { verifyBundle } from "@runback/vault";
import { Command } from "commander";
import type { Session } from "../session.ts";

export function bundleCommand(session: Session): Command {
  const command = new Command("bundle").description("hash a bundle, check its hashes");
  command.addCommand(
    new Command("create")
      .description("hash a folder of another tool into a bundle, or copy a run's bundle from the vault")
      .argument("<dir or run-id>")
      .option("--into <dir>", "folder for the copy (default: named like the run)")
      .action(async (reference: string, { into }: { into?: string }) => {
        const runtime = await session.runtime();
        const created = await bundleCreate(runtime.context, reference, into);
        session.result(created, `${created.path}: ${created.files} files, bundle sha256 ${created.sha256}`);
      }),
  );
  command.addCommand(
    new Command("verify")
      .description("check every hash of a bundle")
      .argument("<dir or run-id>")
      .action(async (reference: string) => {
        const runtime = await session.runtime();
        const result = await verifyBundle(await runtime.bundle(reference, { folders: true }));
        session.status = result.ok && result.sha256 !== null ? 0 : 1;
        session.result(result, () => {
          const files = result.files.map(
            (file) =>
              `${file.ok ? "OK    " : "FAILED"} ${file.name}${file.reason === undefined ? "" : ` (${file.reason})`}`,
          );
          const rest = [
            ...result.missing.map((name) => `MISSING ${name}`),
            ...result.extra.map((name) => `EXTRA   ${name}`),
          ];
          return [
            ...files,
            ...rest,
            result.sha256 === null ? "No SHA256SUMS: the bundle proves nothing" : `Bundle sha256 ${result.sha256}`,
          ].join("\n");
        });
      }),
  );
  return command;
}
