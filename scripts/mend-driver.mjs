// The PostgreSQL driver puts small writes off to the end of the turn, and does not look whether its socket is still there
// then: a session that the server ended takes the whole process along, past every handler (porsager/postgres issue 1208,
// open as of 3.4.9). Until a release has a guard, one is put in here, after every install: the statement is refused with
// CONNECTION_CLOSED, as one is that was already on its way.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const builds = ["src", "cjs/src"];
const write = "    const x = socket.write(chunk, fn)\n";
const guard = `    if (socket === null) { // runback
      chunk = nextWriteTimer = null
      error(Errors.connection('CONNECTION_CLOSED', options))
      return false
    }
`;

const driver = new URL("../node_modules/postgres/", import.meta.url);

// An install of a part of the workspaces has no need of it; the one that brings it runs this again.
if (!existsSync(driver)) {
  process.stderr.write(
    `${driver.pathname} is not there: nothing was mended. Once it is, run node scripts/mend-driver.mjs.\n`,
  );
  process.exit(0);
}

for (const build of builds) {
  const file = new URL(`${build}/connection.js`, driver);
  const code = existsSync(file) ? readFileSync(file, "utf8") : "";
  if (code.includes(guard + write)) continue;
  if (code.split(write).length !== 2) {
    process.stderr.write(
      `${file.pathname} is not what scripts/mend-driver.mjs knows: see whether issue 1208 is solved there.\n`,
    );
    process.exit(1);
  }
  writeFileSync(file, code.replace(write, guard + write));
}
