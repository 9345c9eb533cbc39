import { type Engine, RunbackError, type SnapshotPort } from "@runback/core";

/** @throws `SNAPSHOTS_UNSUPPORTED` where the engine takes none */
export function snapshotPort(engine: Engine): SnapshotPort {
  if (engine.capabilities.snapshots && engine.snapshots) return engine.snapshots;
  throw new RunbackError("SNAPSHOTS_UNSUPPORTED", `Runback takes no snapshots of a ${engine.name} target yet.`, {
    recovery: "Nothing was written. Use the server's own backup; rolling a run back works without a snapshot.",
    status: 409,
  });
}
