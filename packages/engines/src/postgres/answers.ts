import { connect } from "node:net";

/** Asks whether TLS is spoken: the one question that servers, proxies and poolers answer at once, and to anybody. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/**
 * Whether anything at all comes back from an address within `ms` milliseconds. A refusal is an answer too: then the
 * connections there are learn it by themselves. Takes no session, so that a full pool does not look like a dead network.
 */
export async function answers(host: string, port: number, ms: number): Promise<boolean> {
  const socket = connect(port, host, () => socket.write(sslRequest));
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once("data", () => resolve(true));
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ETIMEDOUT"));
      socket.once("close", () => resolve(true));
      // In two halves: a machine that slept wakes with its timer overdue, before the answer that came meanwhile is read.
      const half = () => setTimeout(() => setTimeout(() => resolve(false), ms / 2).unref(), ms / 2).unref();
      half();
    });
  } finally {
    socket.destroy();
  }
}
