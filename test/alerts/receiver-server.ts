import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Received {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How the next requests end: each entry is one, then all are answered 204. `late reset` is cut off after it was received. */
export type Fault = "500" | "hang" | "reset" | "late reset";

export interface ReceiverServer extends AsyncDisposable {
  readonly url: string;
  /** What it kept: one entry an id, whatever was sent twice. */
  readonly kept: Map<string, Received>;
  requests: number;
  faults: Fault[];
}

/** A receiver as its users write it: it keeps what it accepted, and drops an id that it has seen. */
export async function receiverServer(): Promise<ReceiverServer> {
  const kept = new Map<string, Received>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      receiver.requests += 1;
      const fault = receiver.faults.shift();
      const keep = () => {
        const headers = request.headers as Record<string, string>;
        const id = headers["webhook-id"] ?? `request-${receiver.requests}`;
        if (!kept.has(id)) kept.set(id, { headers, body: Buffer.concat(chunks).toString() });
      };
      if (fault === "hang") return;
      if (fault === "reset") return request.socket.resetAndDestroy();
      if (fault === "500") return response.writeHead(500).end("not now");
      keep();
      if (fault === "late reset") return request.socket.resetAndDestroy();
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const receiver: ReceiverServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    kept,
    requests: 0,
    faults: [],
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
