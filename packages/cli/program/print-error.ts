import { errorDocument, RunbackError } from "@runback/core";

/** One line with the code, one with what to do; with `--json` the same as a document. @returns the exit status */
export function printError(error: unknown, json: boolean): number {
  const document = errorDocument(error);
  if (json) process.stdout.write(`${JSON.stringify(document)}\n`);
  else
    process.stderr.write(
      `error ${document.error.code}: ${oneLine(document.error.message)}\n${document.error.recovery}\n`,
    );
  return error instanceof RunbackError ? error.exit : 2;
}

/** Messages of compilers and drivers have several lines; whoever greps a log wants one. */
function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, " ");
}
