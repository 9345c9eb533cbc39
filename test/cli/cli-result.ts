/** What a command answered. */
export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The one JSON document on stdout; anything else there is an error. */
export function jsonOf<T = Record<string, unknown>>({ stdout, stderr }: CliResult): T {
  const lines = stdout.split("\n");
  if (lines.length !== 2 || lines[1] !== "") throw new Error(`not one document:\n${stdout}\nstderr:\n${stderr}`);
  return JSON.parse(lines[0]!) as T;
}
