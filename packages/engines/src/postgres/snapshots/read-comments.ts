import type { Connection } from "@runback/core";
import type { FoundObject } from "./schema-object.ts";

const spellings: Readonly<Record<string, string>> = {
  "table column": "COLUMN",
  "view column": "COLUMN",
  "materialized view column": "COLUMN",
  "composite type column": "COLUMN",
  "table constraint": "CONSTRAINT",
  "composite type": "TYPE",
  "statistics object": "STATISTICS",
};

interface Row {
  key: string;
  type: string;
  identity: string;
  text: string;
}

/** Comments of the objects found so far. */
export async function readComments(tx: Connection, objects: readonly FoundObject[]): Promise<FoundObject[]> {
  const owners = new Map(objects.flatMap((object) => object.keys.map((key) => [key, object] as const)));
  const { rows } = await tx.query<Row>(
    `SELECT concat(d.classoid::regclass::text, '/', d.objoid) AS key, i.type, i.identity, quote_literal(d.description) AS text
     FROM pg_description d CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i WHERE d.objoid >= 2200`,
  );
  return rows.flatMap(({ key, type, identity, text }) => {
    const owner = owners.get(key) ?? domainOf(type, identity, objects);
    // An extension brings its own comment.
    if (owner === undefined || owner.kind === "extension") return [];
    const on =
      type === "domain constraint"
        ? `CONSTRAINT ${identity.replace(/ on /, " ON DOMAIN ")}`
        : `${spellings[type] ?? type.toUpperCase()} ${identity}`;
    return {
      kind: "comment" as const,
      name: `${type} ${identity}`,
      of: owner.of,
      keys: [],
      needs: [...owner.keys],
      sql: [`COMMENT ON ${on} IS ${text}`],
    };
  });
}

function domainOf(type: string, identity: string, objects: readonly FoundObject[]): FoundObject | undefined {
  return type === "domain constraint"
    ? objects.find((object) => object.kind === "type" && identity.endsWith(` on ${object.name}`))
    : undefined;
}
