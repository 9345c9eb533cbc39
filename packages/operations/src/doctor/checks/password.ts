import { type DoctorCheck, fail, pass, warn } from "../finding.ts";
import { decode, readUrl } from "../read-url.ts";

/** Characters that mean something in a URL, in configuration files (% in ini interpolation) or to a shell. */
const delicate = /[%@/:?#[\]+&= $'"\\]/;

export const passwordCharacters: DoctorCheck = {
  id: "password",
  run: async (_context, { databaseUrl }) => {
    const password = databaseUrl === null ? null : (readUrl(databaseUrl)?.password ?? null);
    if (password === null || password === "") return pass("DATABASE_URL carries no password");
    const decoded = decode(password);
    // libpq ends the credentials at the first @ or /, URL parsers at the last @: each sees another host.
    if (decoded === undefined || /[@/?#]/.test(password)) {
      return fail(
        "the password in DATABASE_URL has a %, @, /, ? or # that is not percent-encoded: tools read different passwords and hosts from it",
        "Percent-encode it (% is %25, @ is %40, / is %2F).",
      );
    }
    return delicate.test(decoded)
      ? warn(
          "the password has a character that tools decode differently (such as %, @ or /)",
          "It is encoded rightly here. Tools that take it undecoded, or through an ini file, fail or connect elsewhere: letters, digits, - and _ are safe.",
        )
      : pass("the password reads the same everywhere");
  },
};
