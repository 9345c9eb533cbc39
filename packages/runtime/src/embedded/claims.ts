import { createServer, type Server, type Socket } from "node:net";
import { onLine } from "./lines.ts";
import { type Answer, type Failure, type Hello, macOf, parseLine, sameMac, type Welcome } from "./protocol.ts";

/** Milliseconds that a connection has to say who it is. */
const HELLO_MS = 5_000;
const FAREWELL_MS = 2_000;

/** The clients of a supervisor, counted by their open connections. */
export class Claims {
  readonly #secret: string;
  readonly #directory: string;
  readonly #changed: () => void;
  readonly #server: Server;
  readonly #claims = new Set<Socket>();
  /** Have not been answered yet. */
  readonly #waiting = new Set<Socket>();
  /** Gave up their claim and wait until it has its effect. */
  readonly #leaving = new Set<Socket>();

  /**
   * @param directory identity of the directory that is served
   * @param changed called after a claim was made or given up
   */
  constructor(secret: string, directory: string, changed: () => void) {
    this.#secret = secret;
    this.#directory = directory;
    this.#changed = changed;
    // Half open: a client ends its side to release, and reads the end of ours as "done".
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#greet(socket));
  }

  get count(): number {
    return this.#claims.size;
  }

  /** Listens on a free loopback port and returns it. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port: 0, host: "127.0.0.1" }, () => {
        const address = this.#server.address();
        resolve(typeof address === "object" && address ? address.port : 0);
      });
    });
  }

  /** Tells those who wait that the server can be used. */
  ready(): void {
    for (const socket of this.#waiting) send(socket, { state: "ready" });
    this.#waiting.clear();
  }

  /** Tells every client that there is no server; none has a claim any more. */
  async fail(reason: Failure): Promise<void> {
    const sockets = [...this.#claims];
    this.#claims.clear();
    this.#waiting.clear();
    await Promise.all(sockets.map((socket) => farewell(socket, reason)));
  }

  /** Lets those go that released. */
  dismiss(): void {
    for (const socket of this.#leaving) socket.end();
    this.#leaving.clear();
  }

  #greet(socket: Socket): void {
    const impatience = setTimeout(() => socket.destroy(), HELLO_MS);
    // A client that was killed resets the connection: `close` follows and is what counts.
    socket.on("error", () => {});
    socket.once("close", () => {
      clearTimeout(impatience);
      this.#leaving.delete(socket);
      this.#leave(socket);
    });
    socket.once("end", () => {
      if (this.#claims.has(socket)) this.#leaving.add(socket);
      else socket.end();
      this.#leave(socket);
    });
    onLine(socket, (line) => {
      const hello: Partial<Hello> | undefined = parseLine(line);
      const nonce = String(hello?.nonce);
      if (!sameMac(macOf(this.#secret, "client", nonce, this.#directory), hello?.mac)) {
        socket.destroy();
        return;
      }
      clearTimeout(impatience);
      const welcome: Welcome = { mac: macOf(this.#secret, "supervisor", nonce, this.#directory) };
      send(socket, welcome);
      this.#claims.add(socket);
      this.#waiting.add(socket);
      this.#changed();
    });
  }

  #leave(socket: Socket): void {
    this.#waiting.delete(socket);
    if (this.#claims.delete(socket)) this.#changed();
  }
}

function send(socket: Socket, message: Welcome | Answer): void {
  socket.write(`${JSON.stringify(message)}\n`);
}

/** Waits until it was read, but not for a client that is stopped. */
function farewell(socket: Socket, reason: Failure): Promise<void> {
  return new Promise((resolve) => {
    const impatience = setTimeout(() => socket.destroy(), FAREWELL_MS);
    socket.once("close", () => {
      clearTimeout(impatience);
      resolve();
    });
    socket.end(`${JSON.stringify(reason)}\n`);
  });
}
