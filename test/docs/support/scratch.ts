import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { writeConfig } from "../../cli/config-file.ts";
import { createDatabase } from "../../support/database.ts";

export interface Typed {
  readonly status: number;
  /** stdout and stderr as a terminal shows them together. */
  readonly printed: string;
}

export interface Scratch extends AsyncDisposable {
  readonly folder: string;
  /** Types one line into a shell of this folder; `$?` is the status of the line before. */
  type(line: string): Promise<Typed>;
}

/** How pages write the folder they are in. */
const shownFolder = "/srv/club";

const clone = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * A folder that a reader's clone looks like from inside: configuration, sample export, vault, a database of its own, and
 * `npx runback`, `npm start` and `psql` that lead to this clone's program and that database.
 */
export async function openScratch(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), "runback-docs-"));
  const database = await createDatabase();
  const bin = join(folder, ".bin");
  await mkdir(bin);
  await symlink(join(clone, "node_modules"), join(folder, "node_modules"));
  await writeConfig(folder, { source: ".runback/sample" });
  const main = join(clone, "packages/cli/src/main.ts");
  const shims = {
    npx: `shift\nexec "${process.execPath}" "${main}" "$@"`,
    npm: `shift 2\nexec "${process.execPath}" "${main}" start "$@"`,
    psql: `exec "${process.execPath}" "${join(clone, "test/docs/support/psql.ts")}" "$@"`,
  };
  for (const [name, body] of Object.entries(shims)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(bin, name), 0o755);
  }
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: folder,
    USER: "ana",
    DATABASE_URL: database.url,
  };
  let status = 0;
  return {
    folder,
    type: async (line) => {
      const ended = await promisify(execFile)("sh", ["-c", `exec 2>&1\n(exit ${status})\n${line}`], {
        cwd: folder,
        env,
      }).then(
        ({ stdout }) => ({ status: 0, printed: stdout }),
        (error: { code: number; stdout: string }) => ({ status: error.code, printed: error.stdout }),
      );
      status = ended.status;
      return { ...ended, printed: ended.printed.replaceAll(folder, shownFolder) };
    },
    [Symbol.asyncDispose]: async () => {
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
