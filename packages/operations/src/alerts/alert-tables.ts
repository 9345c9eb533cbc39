import type { Dialect } from "@runback/core";

/** Runback's own tables of alerts, as an engine names them. */
export function alertTables({ table }: Dialect): { alerts: string; events: string; deliveries: string } {
  return {
    alerts: table({ schema: "runback", name: "alerts" }),
    events: table({ schema: "runback", name: "alert_events" }),
    deliveries: table({ schema: "runback", name: "alert_deliveries" }),
  };
}
