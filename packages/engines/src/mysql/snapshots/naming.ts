import { RunbackError } from "@runback/core";

/** Says which object of a snapshot the server refused. @throws `RESTORE_FAILED`, `RESTORE_NOT_PERMITTED` */
export async function naming<T>(kind: string, name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RunbackError) throw error;
    const { errno, message } = error as { errno?: number; message: string };
    // 1227: a definer that only a user with SET USER (MySQL: SET_USER_ID) may name; 1142, 1044, 1370: a right is missing.
    if ([1227, 1142, 1044, 1370, 1419].includes(errno ?? 0)) {
      throw new RunbackError("RESTORE_NOT_PERMITTED", `Making ${kind} ${name} as it was needs: ${plain(message)}.`, {
        recovery:
          "Nothing was changed. Connect as a user with that right: objects of other definers need SET USER (MariaDB) or SET_USER_ID (MySQL).",
        status: 403,
        details: { missing: [`${kind} ${name}`] },
        cause: error,
      });
    }
    throw new RunbackError(
      "RESTORE_FAILED",
      `The database refused ${kind} ${name} of the snapshot (${errno ?? "?"}).`,
      {
        recovery:
          "Nothing was changed. Run `runback snapshot verify` to see whether the snapshot restores elsewhere; keep it.",
        status: 409,
        cause: error,
      },
    );
  }
}

/** Without what a row may hold: only what is said of rights. */
const plain = (message: string) => /need \(at least one of\) the (.+) privilege/.exec(message)?.[1] ?? "a right on it";
