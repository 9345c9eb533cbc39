import { keysetOver } from "../shared/keyset-over.ts";
import { id } from "./dialect.ts";
import { asText, typedText } from "./row-image.ts";

export const keyset = keysetOver({
  id,
  text: asText,
  value: (text, column) => typedText(`${text}::text`, column),
  rows: true,
});
