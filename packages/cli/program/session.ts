import { userInfo } from "node:os";
import type { Logger, LogLevel } from "@runback/core";
import { jsonLogger, type LoadedConfig, loadConfig, openRuntime, type Runtime } from "@runback/runtime";
import { Bars } from "./progress.ts";

export interface GlobalOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly target?: string;
  readonly config?: string;
}

/** What the commands of one invocation share: options, the runtime once it is needed, Ctrl-C, the exit status. */
export class Session {
  status = 0;
  options: GlobalOptions = {};
  readonly stop = new AbortController();
  #runtime: Runtime | undefined;
  #bars: Bars | undefined;
  #asked = 0;
  #logsAll = false;
  readonly #ask = () => {
    if (++this.#asked > 1) process.exit(130);
    this.say("Stopping at the next step boundary (again to stop at once) ...");
    this.stop.abort();
  };

  /** @param hosts whether the command keeps schedules: what they did is told where no person reads along */
  configure(options: GlobalOptions, hosts = false): void {
    this.options = options;
    this.#logsAll = options.json === true || (hosts && process.stderr.isTTY !== true);
    this.#bars = new Bars(process.stderr.isTTY === true && !options.json && !options.quiet);
    process.on("SIGINT", this.#ask).on("SIGTERM", this.#ask);
  }

  async loadConfig(): Promise<LoadedConfig> {
    return await loadConfig(this.options.config ?? "runback.config.ts");
  }

  logger(): Logger {
    return jsonLogger(process.stderr, this.options.target ?? "default", this.#least());
  }

  #least(): LogLevel {
    if (this.options.quiet) return "error";
    return this.#logsAll ? "info" : "warn";
  }

  /** The target's operations, opened by the first command that needs them. */
  async runtime(): Promise<Runtime> {
    this.#runtime ??= await openRuntime({
      ...(await this.loadConfig()),
      env: process.env,
      logger: this.logger(),
      signal: this.stop.signal,
      onProgress: (progress) => this.#bars?.show(progress),
      ...(this.options.target === undefined ? {} : { target: this.options.target }),
    });
    return this.#runtime;
  }

  /** The result: the one JSON document with `--json`, the text otherwise. */
  result(document: unknown, text: string | (() => string)): void {
    this.#bars?.stop();
    if (this.options.json) process.stdout.write(`${JSON.stringify(document)}\n`);
    else process.stdout.write(`${typeof text === "string" ? text : text()}\n`);
  }

  /** A document that was asked for by its format, with `--json` or without. */
  document(document: unknown): void {
    this.#bars?.stop();
    process.stdout.write(`${JSON.stringify(document)}\n`);
  }

  /** A line on the way: on stderr when stdout belongs to a document. */
  say(text: string): void {
    if (this.options.quiet) return;
    (this.options.json ? process.stderr : process.stdout).write(`${text}\n`);
  }

  sayAll(lines: readonly string[]): void {
    for (const line of lines) this.say(line);
  }

  /** Who is working: named, or the user of this machine. */
  operator(named: string | undefined): string {
    return named ?? process.env.RUNBACK_OPERATOR ?? process.env.USER ?? userInfo().username;
  }

  async close(): Promise<void> {
    this.#bars?.stop();
    await this.#runtime?.close();
    process.off("SIGINT", this.#ask).off("SIGTERM", this.#ask);
  }
}
