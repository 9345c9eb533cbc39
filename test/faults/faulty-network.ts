import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** When something goes wrong with a connection, and what. */
export interface Cut {
  /** `bytes`: after so many from the client, of all its connections; `commit`: at the n-th COMMIT. */
  readonly at: { readonly bytes: number } | { readonly commit: number };
  /**
   * `reset`: both sides are reset before this data passes. `answer lost`: the data passes, the server does what it says,
   * and the client is reset instead of hearing so. `silence`: nothing passes any more, and nothing is closed.
   */
  readonly how: "reset" | "answer lost" | "silence";
  /** Whether it concerns that one connection, or the network: every other one too, and new ones are refused or ignored. */
  readonly all: boolean;
}

export interface FaultyNetwork extends AsyncDisposable {
  /** The given URL through the proxy. */
  readonly url: string;
  /** Arms a cut; settles when it happened. */
  cut(cut: Cut): Promise<void>;
  /** The network works again, for new connections; what was silenced is reset. */
  heal(): void;
  /** Ports from which the server sees its clients: by them it knows their sessions. */
  ports(): readonly number[];
  /** Bytes and COMMITs that clients sent so far. */
  readonly sent: { bytes: number; commits: number };
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  silent: boolean;
  loseAnswer: boolean;
}

const commitMessage = Buffer.from("commit\0");

/** A network between a program and a database server that fails on command; COMMITs are told from the rest as PostgreSQL sends them. */
export async function startFaultyNetwork(databaseUrl: string): Promise<FaultyNetwork> {
  const target = new URL(databaseUrl);
  const pairs = new Set<Pair>();
  const sent = { bytes: 0, commits: 0 };
  let armed: (Cut & { done: () => void }) | undefined;
  let down: Cut["how"] | undefined;

  const strike = (pair: Pair) => {
    const { how, all, done } = armed!;
    armed = undefined;
    if (all) down = how === "answer lost" ? "reset" : how;
    for (const each of all ? pairs : [pair]) {
      if (how === "silence") each.silent = true;
      else if (how === "answer lost" && each === pair) each.loseAnswer = true;
      else end(each);
    }
    done();
  };

  const server = createServer((client) => {
    if (down === "reset") return void client.resetAndDestroy();
    const upstream = connect(Number(target.port), target.hostname);
    const pair: Pair = { client, server: upstream, silent: down === "silence", loseAnswer: false };
    pairs.add(pair);
    client.on("data", (data) => {
      sent.bytes += data.length;
      if (data.includes(commitMessage)) sent.commits += 1;
      const due =
        armed !== undefined &&
        ("bytes" in armed.at
          ? sent.bytes >= armed.at.bytes
          : data.includes(commitMessage) && sent.commits >= armed.at.commit);
      if (due) strike(pair);
      if (!pair.silent && !upstream.destroyed) upstream.write(data);
    });
    upstream.on("data", (data) => {
      if (pair.silent) return;
      if (pair.loseAnswer) end(pair);
      else client.write(data);
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on("error", () => {});
      socket.on("close", () => {
        // A silent network does not tell one side that the other is gone.
        if (pair.silent && !other.destroyed) return;
        pairs.delete(pair);
        other.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(databaseUrl);
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as AddressInfo).port);
  const heal = () => {
    down = undefined;
    for (const pair of pairs) if (pair.silent) end(pair);
  };
  return {
    url: url.href,
    ports: () => [...pairs].flatMap((pair) => pair.server.localPort ?? []),
    sent,
    heal,
    cut: (cut) =>
      new Promise((done) => {
        armed = { ...cut, done };
      }),
    [Symbol.asyncDispose]: async () => {
      for (const pair of pairs) end(pair);
      server.close();
      await once(server, "close");
    },
  };
}

function end({ client, server }: Pair): void {
  client.resetAndDestroy();
  server.resetAndDestroy();
}
