import { randomBytes } from "node:crypto";
import { createConnection, type Socket } from "node:net";
import { RunbackError } from "@runback/core";
import { onLine } from "./lines.ts";
import { type Contact, type Failure, type Hello, identity, macOf, parseLine, sameMac } from "./protocol.ts";

/** A supervisor answers at once; whatever else got its port is given this many milliseconds. */
const WELCOME_MS = 5_000;

/**
 * Makes a claim on the server of a directory and waits until it can be used. `undefined` when the contact leads to no
 * living supervisor of this directory, or to one that died meanwhile.
 *
 * @param timeoutMs bound for the whole wait
 * @throws RunbackError the reason why the server cannot be had
 */
export function connect(contact: Contact, directory: string, timeoutMs: number): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const served = identity(directory);
    const nonce = randomBytes(16).toString("hex");
    const socket = createConnection({ port: contact.port, host: "127.0.0.1", allowHalfOpen: false });
    const give = (outcome: Socket | undefined) => {
      clearTimeout(patience);
      socket.off("close", dead);
      if (outcome === undefined) socket.destroy();
      resolve(outcome);
    };
    const dead = () => give(undefined);
    let patience = setTimeout(give, Math.min(WELCOME_MS, timeoutMs), undefined);
    let welcome = false;
    socket.on("error", () => {});
    socket.once("close", dead);
    socket.once("connect", () => {
      const hello: Hello = { nonce, mac: macOf(contact.secret, "client", nonce, served) };
      socket.write(`${JSON.stringify(hello)}\n`);
    });
    onLine(socket, (line) => {
      const message = parseLine(line);
      if (!welcome) {
        if (!sameMac(macOf(contact.secret, "supervisor", nonce, served), message?.mac)) return give(undefined);
        welcome = true;
        clearTimeout(patience);
        patience = setTimeout(give, timeoutMs, undefined);
      } else if (message?.state === "ready") {
        give(socket);
      } else if (message?.state === "failed") {
        reject(failedWith(message as unknown as Failure));
        give(undefined);
      }
    });
  });
}

/** What the supervisor met, as the error of this process. */
export function failedWith({ code, message, recovery }: Failure): RunbackError {
  return new RunbackError(code, message, { recovery, status: 503 });
}
