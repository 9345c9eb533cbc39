import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { answers } from "./answers.ts";

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server = undefined;
});

async function listen(onConnection: Parameters<typeof createServer>[1]): Promise<number> {
  server = createServer(onConnection).listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("a server that says whether it speaks TLS answers, whatever it says", async () => {
  const port = await listen((socket) => socket.once("data", () => socket.write("N")));
  expect(await answers("127.0.0.1", port, 5_000)).toBe(true);
});

test("a server that accepts and says nothing does not", async () => {
  const port = await listen((socket) => socket.on("data", () => {}).on("error", () => {}));
  expect(await answers("127.0.0.1", port, 60)).toBe(false);
});

test("a refusal and a hang-up are answers", async () => {
  const port = await listen((socket) => socket.destroy());
  expect(await answers("127.0.0.1", port, 5_000)).toBe(true);
  server!.close();
  await once(server!, "close");
  expect(await answers("127.0.0.1", port, 5_000)).toBe(true);
});
