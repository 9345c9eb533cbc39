import { Command } from "commander";
import { type ListenOptions, listenPort, serveUntilStopped } from "../serve-until-stopped.ts";
import type { Session } from "../session.ts";

export function serveCommand(session: Session): Command {
  return new Command("serve")
    .description("API, dashboard and schedules, until Ctrl-C")
    .option("--port <n>", "port to listen on (default: PORT, or 3000)", listenPort)
    .option("--host <address>", "address to listen on (default: 127.0.0.1)")
    .action((options: ListenOptions) => serveUntilStopped(session, options));
}
