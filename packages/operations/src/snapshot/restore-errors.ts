import { RunbackError } from "@runback/core";

export function contentDiffers(tables: readonly string[]): RunbackError {
  return new RunbackError(
    "RESTORE_CONTENT_DIFFERS",
    `The rows of ${tables.slice(0, 5).join(", ")} came back different.`,
    {
      recovery: "Nothing was changed. Run `runback snapshot verify`, and use another snapshot.",
      exit: 1,
      status: 409,
      details: { tables: tables.slice(0, 1000) },
    },
  );
}
