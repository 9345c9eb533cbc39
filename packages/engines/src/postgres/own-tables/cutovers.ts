import type { OwnChange } from "./own-change.ts";

// Times are texts, as in alerts. Evidence is only ever added.
export const cutovers: OwnChange = {
  version: 8,
  name: "cutovers",
  sql: `
CREATE TABLE runback.cutovers (
  name text NOT NULL PRIMARY KEY,
  phase integer NOT NULL CHECK (phase BETWEEN 0 AND 5),
  state text NOT NULL CHECK (state IN ('planned', 'entered', 'dropped')),
  comparing integer NOT NULL CHECK (comparing IN (0, 1)),
  since text NOT NULL,
  moving text,
  shape_sha256 text NOT NULL,
  definition_sha256 text NOT NULL,
  guard_commit text,
  changed_by text NOT NULL,
  changed_at text NOT NULL
);
CREATE TABLE runback.cutover_evidence (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  cutover text NOT NULL,
  kind text NOT NULL,
  phase integer NOT NULL,
  outcome text NOT NULL,
  at text NOT NULL,
  operator text,
  data text NOT NULL
);
CREATE INDEX ON runback.cutover_evidence (cutover, kind, seq);`,
};
