import { type Engine, silentLogger, systemClock, type Vault } from "@runback/core";
import type { Context } from "@runback/operations";

/** What operations are given, with the system's clock and no log, unless a test says otherwise. */
export function contextOver(engine: Engine, vault: Vault, more: Partial<Context> = {}): Context {
  return {
    engine,
    vault,
    clock: systemClock,
    logger: silentLogger,
    holder: "scenario:1:one",
    isDead: () => false,
    ...more,
  };
}
