import { expect, it } from "vitest";
import { eventStream, eventText } from "./event-stream.ts";

it("writes events that no content can end early", () => {
  expect(eventText({ event: "progress", id: "7", data: { text: "a\n\nevent: end" } })).toBe(
    'event: progress\nid: 7\ndata: {"text":"a\\n\\nevent: end"}\n\n',
  );
});

it("sends each text when it is there, and ends with the last", async () => {
  const next = Promise.withResolvers<void>();
  const response = eventStream(async function* () {
    yield "one";
    await next.promise;
    yield "two";
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  expect(await reader.read()).toEqual({ done: false, value: "one" });
  next.resolve();
  expect(await reader.read()).toEqual({ done: false, value: "two" });
  expect((await reader.read()).done).toBe(true);
});

it("a client that goes away aborts what waits, and ends the work", async () => {
  const ended = Promise.withResolvers<string>();
  const response = eventStream(async function* (gone) {
    try {
      yield "one";
      await new Promise((resolve) => gone.addEventListener("abort", resolve));
      yield "never read";
    } finally {
      ended.resolve(gone.aborted ? "aborted" : "ended");
    }
  });
  const reader = response.body!.getReader();
  await reader.read();
  const pending = reader.read();
  await reader.cancel();
  expect((await pending).done).toBe(true);
  expect(await ended.promise).toBe("aborted");
});
