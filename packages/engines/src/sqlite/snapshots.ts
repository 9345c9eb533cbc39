import { randomBytes } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Connection, Engine, SnapshotPort } from "@runback/core";
import type { Session } from "./session.ts";
import { journalPosition, momentOver } from "./snapshots/capture-moment.ts";
import { describeSchema, family } from "./snapshots/describe-schema.ts";
import { loadSnapshot } from "./snapshots/load-snapshot.ts";
import { replaceContents } from "./snapshots/replace-contents.ts";

/** What snapshots need of the file. */
export interface SnapshotDriver {
  readonly path: string;
  /** One moment of the file, while others write. */
  read<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** A writing transaction in a session that enforces no foreign keys and may write what virtual tables keep. */
  rebuild<T>(work: (session: Session, tx: Connection) => Promise<T>): Promise<T>;
  beside(path: string): Engine;
}

export function snapshots(driver: SnapshotDriver): SnapshotPort {
  return {
    family,
    capture: (work) =>
      driver.read((session) => work(momentOver(session, describeSchema(session), journalPosition(session)))),
    load: (source, hooks) => driver.rebuild((session) => loadSnapshot(session, source, hooks)),
    replace: (source, keep, hooks) =>
      driver.rebuild((session, tx) => replaceContents(session, tx, source, keep, hooks)),
    scratch: async () => scratch(driver),
  };
}

const dayMs = 24 * 60 * 60 * 1000;
const sidecars = ["", "-wal", "-shm", "-journal"];

/** A file beside the target's, where there is room for one of its size. What killed processes left goes with the next, a day later. */
function scratch({ path, beside }: SnapshotDriver): Engine {
  const prefix = `${basename(path)}.scratch-`;
  const remove = (file: string) => {
    for (const sidecar of sidecars) rmSync(`${file}${sidecar}`, { force: true });
  };
  for (const name of readdirSync(dirname(path))) {
    const made = name.startsWith(prefix) ? /^(\d+)-[0-9a-f]{8}$/.exec(name.slice(prefix.length)) : null;
    if (made !== null && Number(made[1]) < Date.now() - dayMs) remove(join(dirname(path), name));
  }
  const file = join(dirname(path), `${prefix}${Date.now()}-${randomBytes(4).toString("hex")}`);
  const engine = beside(file);
  return {
    ...engine,
    close: async () => {
      await engine.close();
      remove(file);
    },
  };
}
