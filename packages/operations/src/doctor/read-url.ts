/** The parts of a database URL as different tools take them: by hand, since that is where they disagree. */
export interface UrlParts {
  readonly user: string;
  /** As written, percent-encoded. */
  readonly password: string | null;
  readonly host: string;
  readonly port: string;
  readonly database: string;
}

/** @returns undefined for what is not `scheme://authority/database` */
export function readUrl(url: string): UrlParts | undefined {
  const match = /^[a-z][a-z0-9+.-]*:\/\/(.*)$/is.exec(url);
  if (match === null) return undefined;
  const rest = withoutParameters(match[1]!);
  // The last @ ends the credentials for browsers' rules, the first one for libpq's; the check compares them.
  const at = rest.lastIndexOf("@");
  const credentials = at < 0 ? "" : rest.slice(0, at);
  const place = rest.slice(at + 1);
  const colon = credentials.indexOf(":");
  const slash = place.indexOf("/");
  const authority = slash < 0 ? place : place.slice(0, slash);
  const [, host = "", port = ""] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(authority) ?? [];
  return {
    user: colon < 0 ? credentials : credentials.slice(0, colon),
    password: colon < 0 ? null : credentials.slice(colon + 1),
    host,
    port,
    database: slash < 0 ? "" : place.slice(slash + 1),
  };
}

/** A ? or # may also be part of a password that nobody encoded: then the credentials' @ comes only after it. */
function withoutParameters(rest: string): string {
  const plain = rest.replace(/[?#].*$/s, "");
  const inPassword = !plain.includes("@") && rest.includes("@") && /:(?!\d*(\/|$))/.test(plain);
  const from = inPassword ? rest.lastIndexOf("@") : 0;
  return rest.slice(0, from) + rest.slice(from).replace(/[?#].*$/s, "");
}

/** Percent-decoding as libpq does it; undefined where it would refuse. */
export function decode(text: string): string | undefined {
  try {
    return /%(?![0-9a-f]{2})/i.test(text) ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
