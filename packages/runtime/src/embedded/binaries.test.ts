import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { serverAccount } from "./account.ts";
import { type PackagedPrograms, packagedPrograms, usableBinaries } from "./binaries.ts";
import { ensureCluster } from "./cluster.ts";
import { makeHome } from "./home.ts";

const account = serverAccount();
let folder: string;
let home: string;
beforeEach(() => {
  folder = mkdtempSync("/var/tmp/runback-binaries-");
  chmodSync(folder, 0o711);
  home = join(folder, "home");
  makeHome(home);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A package as npm unpacks it before its install script ran: without symbolic links. */
async function packageWithoutLinks(): Promise<PackagedPrograms> {
  const { initdb, version } = await packagedPrograms();
  const native = join(folder, "package", "native");
  mkdirSync(dirname(native), { recursive: true });
  cpSync(dirname(dirname(initdb)), native, {
    recursive: true,
    filter: (source) => !lstatSync(source).isSymbolicLink(),
  });
  return { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres"), version };
}

test("the installed programs are used where they are when the account can run them", async () => {
  const packaged = await packagedPrograms();
  chmodSync(folder, 0o711);
  const found = await usableBinaries(home, account, { ...packaged });
  expect(found.major).toMatch(/^\d+$/);
  if (found.initdb === packaged.initdb) expect(readdirSync(home)).toEqual([]);
  else expect(readdirSync(home)).toEqual([`binaries-${packaged.version}`]);
});

const damages: [string, boolean, (programs: PackagedPrograms) => void][] = [
  ["without symbolic links", process.platform === "linux", () => {}],
  ["without executable bits", true, ({ postgres }) => chmodSync(postgres, 0o644)],
  [
    "in a folder closed to its account",
    account !== undefined,
    ({ initdb }) => chmodSync(dirname(dirname(initdb)), 0o700),
  ],
];
test.for(damages.filter(([, possible]) => possible))(
  "a package %s is copied once, and the copy makes a cluster",
  async ([, , damage]) => {
    const packaged = await packageWithoutLinks();
    damage(packaged);
    const usual = process.umask(0o077);
    const first = await usableBinaries(home, account, packaged).finally(() => process.umask(usual));
    expect(await usableBinaries(home, account, packaged)).toEqual(first);
    expect(readdirSync(home)).toEqual([`binaries-${packaged.version}`]);
    const cluster = { binaries: first, account, home, password: "00", durable: false };
    expect(await ensureCluster(cluster)).toBe("created");
    expect(await ensureCluster(cluster)).toBe("kept");
    // The original keeps the mode that its owner gave it.
    expect(statSync(packaged.initdb).mode & 0o777).toBe(0o755);
  },
);

test("programs that do not run are refused with what they said", async () => {
  const packaged = await packageWithoutLinks();
  rmSync(packaged.initdb);
  writeFileSync(packaged.initdb, "#!/bin/sh\necho 'no such luck' >&2\nexit 3\n", { mode: 0o755 });
  await expect(usableBinaries(home, account, packaged)).rejects.toMatchObject({
    code: "EMBEDDED_UNSUPPORTED",
    message: expect.stringContaining("initdb: no such luck"),
    recovery: expect.stringContaining("DATABASE_URL"),
  });
});

test("a cluster of another major version is refused before anything is touched", async () => {
  const binaries = await usableBinaries(home, account);
  const cluster = { binaries, account, home, password: "00", durable: false };
  await ensureCluster(cluster);
  await expect(ensureCluster({ ...cluster, binaries: { ...binaries, major: "19" } })).rejects.toMatchObject({
    code: "EMBEDDED_VERSION",
    message: expect.stringContaining(`PostgreSQL ${binaries.major}, installed is 19`),
  });
  expect(existsSync(join(home, "postgres", "PG_VERSION"))).toBe(true);
});
