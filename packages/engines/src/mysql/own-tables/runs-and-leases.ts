import { document, key, name, table } from "./column-types.ts";
import type { OwnChange } from "./own-change.ts";

export const runsAndLeases: OwnChange = {
  version: 1,
  name: "runs and leases",
  sql: [
    `CREATE TABLE IF NOT EXISTS runback_runs (
        num int NOT NULL AUTO_INCREMENT PRIMARY KEY,
        run_id ${key(80)} NOT NULL UNIQUE,
        kind ${key(20)} NOT NULL,
        mode ${key(20)} NOT NULL,
        migration ${name} NOT NULL,
        operator ${name} NOT NULL,
        state ${key(20)} NOT NULL CHECK (state IN ('running', 'paused', 'completed', 'failed', 'aborted')),
        reverts_run_id ${key(80)},
        plan_digest ${key(80)},
        input ${document}, checkpoint ${document}, result ${document}, error ${document}, bundle ${document},
        row_count bigint NOT NULL DEFAULT 0,
        started_at datetime(6) NOT NULL,
        completed_at datetime(6),
        FOREIGN KEY (reverts_run_id) REFERENCES runback_runs (run_id)
      ) ${table}`,
    `CREATE TABLE IF NOT EXISTS runback_steps (
        run_id ${key(80)} NOT NULL,
        seq int NOT NULL,
        name ${name} NOT NULL,
        row_count bigint NOT NULL,
        duration_ms int NOT NULL,
        committed_at datetime(6) NOT NULL,
        PRIMARY KEY (run_id, seq),
        FOREIGN KEY (run_id) REFERENCES runback_runs (run_id)
      ) ${table}`,
    `CREATE TABLE IF NOT EXISTS runback_leases (
        name ${name} NOT NULL PRIMARY KEY,
        run_id ${key(80)} NOT NULL,
        holder ${name} NOT NULL,
        token bigint NOT NULL,
        expires_at datetime(6) NOT NULL
      ) ${table}`,
  ],
};
