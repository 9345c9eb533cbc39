import { RunbackError } from "@runback/core";
import type { ConnectionOptions } from "mysql2";

/**
 * `mysql://user:password@host:3306/database`, also `mariadb://`. Parameters: `socketPath=/run/…` instead of host and
 * port, `ssl=true` for a connection whose certificate is checked.
 *
 * @throws `TARGET_URL_INVALID`
 */
export function connectionOptions(text: string): ConnectionOptions {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw invalid("is not a URL", cause);
  }
  const database = decodeURIComponent(url.pathname.slice(1));
  if (database === "") throw invalid("names no database");
  const options: ConnectionOptions = {
    host: url.hostname || "127.0.0.1",
    port: url.port === "" ? 3306 : Number(url.port),
    database,
    charset: "utf8mb4",
    // Values stay text unless JSON can hold them exactly: dates keep microseconds, decimals and 64-bit integers every digit.
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    decimalNumbers: false,
    // Migrations of own tables are scripts. Every value is escaped by the driver in any case.
    multipleStatements: true,
  };
  if (url.username !== "") options.user = decodeURIComponent(url.username);
  if (url.password !== "") options.password = decodeURIComponent(url.password);
  for (const [name, value] of url.searchParams) {
    if (name === "socketPath") options.socketPath = value;
    else if (name === "ssl" && /^(true|1)$/.test(value)) options.ssl = {};
    else throw invalid(`has an unknown parameter ${name}`);
  }
  return options;
}

function invalid(why: string, cause?: unknown): RunbackError {
  return new RunbackError("TARGET_URL_INVALID", `The address of the target ${why}.`, {
    recovery: "Write mysql://user:password@host:3306/database, with %-escapes for special characters in each part.",
    cause,
  });
}
