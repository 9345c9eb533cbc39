import { document, key, name, table } from "./column-types.ts";
import type { OwnChange } from "./own-change.ts";

export const alerts: OwnChange = {
  version: 5,
  name: "alerts",
  sql: [
    `CREATE TABLE IF NOT EXISTS runback_alerts (
        id ${key(100)} NOT NULL PRIMARY KEY,
        check_id ${name} NOT NULL,
        target ${name} NOT NULL,
        open_key ${key(64)} UNIQUE,
        state ${key(20)} NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
        severity ${key(20)} NOT NULL CHECK (severity IN ('critical', 'error', 'warning')),
        title ${document} NOT NULL,
        code ${name} NOT NULL,
        reasons ${document} NOT NULL,
        run_id ${key(100)},
        occurrences int NOT NULL,
        opened_at ${key(30)} NOT NULL,
        last_at ${key(30)} NOT NULL,
        acknowledged_by ${name},
        acknowledged_at ${key(30)},
        resolved_at ${key(30)}
      ) ${table}`,
    `CREATE TABLE IF NOT EXISTS runback_alert_events (
        seq bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
        id ${key(100)} NOT NULL UNIQUE,
        alert_id ${key(100)} NOT NULL,
        kind ${key(20)} NOT NULL,
        at ${key(30)} NOT NULL,
        alert ${document} NOT NULL,
        addressed int NOT NULL DEFAULT 0
      ) ${table}`,
    `CREATE TABLE IF NOT EXISTS runback_alert_deliveries (
        event_id ${key(100)} NOT NULL,
        receiver ${name} NOT NULL,
        attempts int NOT NULL DEFAULT 0,
        next_at ${key(30)} NOT NULL,
        claim ${key(100)},
        claimed_until ${key(30)},
        delivered_at ${key(30)},
        dead_at ${key(30)},
        last_error ${document},
        PRIMARY KEY (event_id, receiver)
      ) ${table}`,
  ],
};
