/** One server-sent event. */
export interface ServerEvent {
  readonly event: string;
  readonly data: unknown;
  /** What a client that reconnects sends as `Last-Event-ID`. */
  readonly id?: string;
}

/** A comment: keeps the connection, and no client sees it. */
export const heartbeat = ": heartbeat\n\n";

export function eventText({ event, data, id }: ServerEvent): string {
  // JSON has no line breaks of its own, so an event never ends early.
  return `event: ${event}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/**
 * A streaming answer from texts as they come. A client that goes away aborts the signal that `texts` is given, and ends them.
 */
export function eventStream(texts: (signal: AbortSignal) => AsyncGenerator<string>): Response {
  const gone = new AbortController();
  const encoder = new TextEncoder();
  const generator = texts(gone.signal);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await generator.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      gone.abort();
      await generator.return(undefined);
    },
  });
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      // nginx holds back what it does not know to be a stream.
      "x-accel-buffering": "no",
    },
  });
}
