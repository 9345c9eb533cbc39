import postgres from "postgres";

// `psql [<url>] -c <statement>` for machines without PostgreSQL's client: one statement, its rows unaligned, or its tag.
// Without an address it takes the one of the environment, which `runback exec` sets.
const args = process.argv.slice(2);
const [statement, flag, url = process.env.DATABASE_URL] = args.toReversed();
if (flag !== "-c") throw new Error(`psql ${args.join(" ")}: only -c <statement> is known here`);
const sql = postgres(String(url), { max: 1 });
const result = await sql.unsafe(String(statement));
for (const row of result) process.stdout.write(`${Object.values(row).map(String).join("|")}\n`);
if (result.command !== "SELECT") process.stdout.write(`${result.command} ${result.count}\n`);
await sql.end();
