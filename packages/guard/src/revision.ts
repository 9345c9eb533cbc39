import { execFile } from "node:child_process";
import { realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";

/** The revision of what was read. A gate accepts a result only for the commit it names, and only when nothing differed from it. */
export interface Revision {
  readonly commit: string | null;
  /** Files that were read differ from the commit. `null` without a commit. */
  readonly dirty: boolean | null;
  /** Why there is no commit. */
  readonly why?: string;
}

const run = promisify(execFile);

/** Asks git for the commit of the paths. @param files what was read below them: by links, it may be elsewhere */
export async function revisionOf(paths: readonly string[], files: readonly string[] = []): Promise<Revision> {
  try {
    const first = resolve(paths[0]!);
    const folder = (await stat(first)).isDirectory() ? first : dirname(first);
    const git = async (...args: string[]) => (await run("git", ["-C", folder, ...args])).stdout.trim();
    const root = await git("rev-parse", "--show-toplevel");
    const commit = await git("rev-parse", "HEAD");
    if (paths.some((path) => !`${resolve(path)}/`.startsWith(`${root}/`)))
      return { commit: null, dirty: null, why: "the paths are not in one repository" };
    const real = await Promise.all([root, ...files].map((path) => realpath(path)));
    if (real.some((path) => !`${path}/`.startsWith(`${real[0]}/`)))
      return { commit: null, dirty: null, why: "a link leads out of the repository" };
    const changed = await git(
      "status",
      "--porcelain",
      "--untracked-files=all",
      "--",
      ...paths.map((path) => resolve(path)),
    );
    return { commit, dirty: changed !== "" };
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    const [why] = (stderr?.trim() || message).split("\n");
    return { commit: null, dirty: null, why: `git says: ${why}` };
  }
}
