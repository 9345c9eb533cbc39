import type { Socket } from "node:net";

/** Longest line that is accepted, in characters: an error with the end of a log fits. */
const LONGEST = 64 * 1024;

/** Calls back for every complete line; a peer that sends an endless one is cut off. */
export function onLine(socket: Socket, receive: (line: string) => void): void {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST) socket.destroy();
    for (const line of lines) receive(line);
  });
}
