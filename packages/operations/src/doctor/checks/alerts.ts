import { alertTables } from "../../alerts/alert-tables.ts";
import { type DoctorCheck, pass, warn } from "../finding.ts";

/** A delivery is tried again within minutes at first: what is older waits for a receiver that is away, or for nobody. */
const stuckMs = 60 * 60 * 1000;

/** Whether failures reach somebody: receivers that can be used, and an outbox that empties. */
export const alertDelivery: DoctorCheck = {
  id: "alerts",
  needsTarget: true,
  run: async ({ engine, clock }, { receivers }) => {
    const known = receivers?.() ?? [];
    if ((await engine.diagnosis.ownTables(engine)).pending.length > 0)
      return warn("Runback's own tables are not there, or of an older version", "Run `runback init`.");
    const { events, deliveries } = alertTables(engine.dialect);
    const count = async (sql: string, params: readonly string[] = []) =>
      Number((await engine.query<{ n: number | string }>(sql, params)).rows[0]!.n);
    const dead = await count(`SELECT count(*) AS n FROM ${deliveries} WHERE dead_at IS NOT NULL`);
    if (dead > 0)
      return warn(
        `${dead} alerts were given up after a day of tries`,
        "`runback alerts list` counts them by receiver.",
      );
    const since = new Date(clock.now().getTime() - stuckMs).toISOString();
    const waiting = await count(
      `SELECT count(*) AS n FROM ${events} e WHERE e.at < $1 AND (e.addressed = 0 OR EXISTS (
         SELECT 1 FROM ${deliveries} d WHERE d.event_id = e.id AND d.delivered_at IS NULL AND d.dead_at IS NULL))`,
      [since],
    );
    if (waiting > 0)
      return warn(
        `${waiting} alerts have waited for more than an hour`,
        known.length === 0
          ? "Configure a receiver under `alerts` in runback.config.ts."
          : "Run `runback monitor run alert-delivery`, and see that `serve` or the schedule runs.",
      );
    if (known.length === 0)
      return warn("nobody is told of failures", "Configure a receiver under `alerts` in runback.config.ts.");
    return pass(`${known.map((receiver) => receiver.name).join(", ")}: nothing waits`);
  },
};
