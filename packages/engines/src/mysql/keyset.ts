import { keysetOver } from "../shared/keyset-over.ts";
import { id } from "./dialect.ts";
import { part, typed } from "./row-image.ts";

// The optimizer reads no index by a comparison of rows.
export const keyset = keysetOver({ id, text: part, value: typed, rows: false });
