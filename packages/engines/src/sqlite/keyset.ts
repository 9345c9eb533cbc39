import { keysetOver } from "../shared/keyset-over.ts";
import { id } from "./dialect.ts";

/** A column holds values of any storage class: the first letter of the text says which. */
export const keyset = keysetOver({
  id,
  text: (value) =>
    `CASE typeof(${value}) WHEN 'integer' THEN 'i' || ${value} WHEN 'text' THEN 't' || ${value} WHEN 'blob' THEN 'b' || hex(${value}) ELSE 'r' || format('%!.17g', ${value}) END`,
  value: (text) => {
    const rest = `substr(${text}, 2)`;
    return `CASE substr(${text}, 1, 1) WHEN 'i' THEN CAST(${rest} AS INTEGER) WHEN 't' THEN ${rest} WHEN 'b' THEN unhex(${rest}) ELSE CAST(${rest} AS REAL) END`;
  },
  rows: true,
});
