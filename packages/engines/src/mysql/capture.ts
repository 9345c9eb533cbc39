import type { Table } from "@runback/core";
import { id, table as tableName } from "./dialect.ts";
import { image, imageColumns, keyText } from "./row-image.ts";

export const captureEvents = ["insert", "update", "delete"] as const;
type Event = (typeof captureEvents)[number];

export const captureName = (event: Event, layout: number) => `runback_${event}_${layout}`;

/**
 * The row trigger of one event. It does nothing unless the session names a run; one that names a run that is not running
 * is refused. A row too large for an image is refused too: a change without an image could not be taken back.
 *
 * The run is looked up once a statement, by whose start `now()` is fixed in a trigger: looked up once a row it cost more
 * than writing the journal. Nothing is declared before it is known that a run is named: three variables a row made every
 * write of others cost a fifth more.
 */
export function captureTrigger(event: Event, layout: number, table: Table): string {
  const columns = imageColumns(table);
  const images = new Map<string, string>();
  if (event !== "insert") images.set("_old", image("OLD", columns));
  if (event !== "delete") images.set("_now", image("NEW", columns));
  const journal = (key: string, before: string, after: string) =>
    `INSERT INTO runback_journal (run, layout, row_key, before_image, after_digest) VALUES (@runback_run, ${layout}, ${key}, ${before}, ${after})`;
  const digest = "unhex(sha2(_now, 256))";
  const write: Record<Event, string> = {
    insert: `${journal(keyText("NEW", table), "NULL", digest)};`,
    delete: `${journal(keyText("OLD", table), "_old", "NULL")};`,
    update: `
      SET _key = ${keyText("OLD", table)}, _moved = ${keyText("NEW", table)};
      IF _key = _moved THEN
        IF _old <> _now THEN ${journal("_key", "_old", digest)}; END IF;
      ELSE
        ${journal("_key", "_old", "NULL")};
        ${journal("_moved", "NULL", digest)};
        INSERT INTO runback_key_changes (run, layout, old_key, new_key) VALUES (@runback_run, ${layout}, _key, _moved);
      END IF;`,
  };
  const declared = [...images.keys()].map((name) => [name, "longtext"]);
  if (event === "update") declared.push(["_key", "varchar(6144)"], ["_moved", "varchar(6144)"]);
  const missing = [...images.keys()].map((name) => `${name} IS NULL`);
  return `
CREATE TRIGGER ${id(captureName(event, layout))} AFTER ${event.toUpperCase()} ON ${tableName(table)} FOR EACH ROW
IF coalesce(@runback_run_id, '') <> '' THEN
  BEGIN
    ${declared.map(([name, type]) => `DECLARE ${name} ${type} CHARACTER SET ascii COLLATE ascii_bin;`).join("\n    ")}
    IF NOT (@runback_run_seen <=> concat(now(6), @runback_run_id)) THEN
      SET @runback_run = (SELECT num FROM runback_runs WHERE run_id = CONVERT(@runback_run_id USING ascii) COLLATE ascii_bin AND state = 'running'),
        @runback_run_seen = concat(now(6), @runback_run_id);
    END IF;
    IF @runback_run IS NULL THEN
      SIGNAL SQLSTATE 'RB001' SET MESSAGE_TEXT = 'runback: the run that this session names is not running';
    END IF;
    ${[...images].map(([name, value]) => `SET ${name} = ${value};`).join(" ")}
    IF ${missing.join(" OR ")} THEN
      SIGNAL SQLSTATE 'RB003' SET MESSAGE_TEXT = 'runback: the row is larger than max_allowed_packet allows its image to be';
    END IF;
    ${write[event]}
  END;
END IF`;
}
