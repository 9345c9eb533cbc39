import type { OwnChange } from "./own-change.ts";

export const cutovers: OwnChange = {
  version: 6,
  name: "cutovers",
  sql: `
CREATE TABLE runback_cutovers (
  name TEXT NOT NULL PRIMARY KEY,
  phase INTEGER NOT NULL CHECK (phase BETWEEN 0 AND 5),
  state TEXT NOT NULL CHECK (state IN ('planned', 'entered', 'dropped')),
  comparing INTEGER NOT NULL CHECK (comparing IN (0, 1)),
  since TEXT NOT NULL,
  moving TEXT,
  shape_sha256 TEXT NOT NULL,
  definition_sha256 TEXT NOT NULL,
  guard_commit TEXT,
  changed_by TEXT NOT NULL,
  changed_at TEXT NOT NULL
);
CREATE TABLE runback_cutover_evidence (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  cutover TEXT NOT NULL,
  kind TEXT NOT NULL,
  phase INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  at TEXT NOT NULL,
  operator TEXT,
  data TEXT NOT NULL
);
CREATE INDEX runback_cutover_evidence_of ON runback_cutover_evidence (cutover, kind, seq);`,
};
