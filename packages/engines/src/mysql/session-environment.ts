import { RunbackError } from "@runback/core";

/**
 * A session of this server names its run in a user variable, which only the session itself can set: no address, option
 * or environment variable sets one for every client, and `init_connect` passes over privileged users. A program whose
 * sessions did not name the run would change rows without an image, so none is started.
 *
 * @throws `EXEC_UNSUPPORTED`
 */
export function sessionEnvironment(): Promise<Readonly<Record<string, string>>> {
  return Promise.reject(
    new RunbackError(
      "EXEC_UNSUPPORTED",
      "On this server a program's sessions cannot be made to name a run from outside.",
      {
        recovery: "Nothing was started. Make the change a migration, or take a snapshot first; docs/mysql.md says why.",
      },
    ),
  );
}
