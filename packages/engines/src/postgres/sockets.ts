import { connect, type Socket } from "node:net";
import { answers } from "./answers.ts";

/** Where the driver read that it should connect: one or more hosts, or a Unix socket. */
interface Addresses {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path?: string | false | undefined;
}

/**
 * The sockets of one pool. The driver says goodbye and leaves the rest to the server; behind a network that swallows
 * everything nobody answers, and a process that is done would stay for as long as its sockets do.
 */
export function pooledSockets() {
  const sockets = new Set<Socket>();
  let speaking: Socket | undefined;
  let turn = 0;
  return {
    /** Begins to connect: the next host of several each time. The driver's first message waits in the socket until then. */
    open: ({ host, port, path }: Addresses): Socket => {
      const at = turn++ % host.length;
      const socket = path ? connect(path) : connect(port[at]!, host[at]!);
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.on("data", () => {
        speaking = socket;
      });
      // The driver takes the server's name for TLS from here.
      return Object.assign(socket, { host: host[at], port: port[at] });
    },
    /**
     * Calls back when the connection closes that the server has just answered on, at once and not when the driver's promises
     * get to it: what the driver is given in between, it writes to a socket that is gone. Not through TLS, where the driver
     * puts a socket of its own on top. Returns a function that stops listening.
     */
    onClose: (closed: () => void): (() => void) => {
      const socket = speaking;
      socket?.once("close", closed);
      return () => socket?.off("close", closed);
    },
    /** Whether the server that the pool is connected to answers a new connection; true when there is none to ask about. */
    answered: async (ms: number): Promise<boolean> => {
      const { remoteAddress, remotePort } = [...sockets].find((socket) => socket.remotePort !== undefined) ?? {};
      return remoteAddress === undefined || remotePort === undefined || (await answers(remoteAddress, remotePort, ms));
    },
    /** With an error: after a plain end the driver would go on trying to connect. */
    giveUp: () => {
      for (const socket of sockets)
        socket.destroy(Object.assign(new Error("the server is silent"), { code: "ETIMEDOUT" }));
    },
    destroy: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}
