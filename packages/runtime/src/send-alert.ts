import { lookup } from "node:dns";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { RunbackError } from "@runback/core";
import type { AlertRequest, SendAlert } from "@runback/operations";
import ipaddr from "ipaddr.js";

/** A receiver that has not answered by then is tried again later. */
const answerMs = 10_000;

/**
 * Posts over HTTP or HTTPS. Redirects are not followed, and an address in a private network is refused unless the receiver
 * allows it: the one that is checked is the one that is connected to.
 */
export function alertSender(timeoutMs = answerMs): SendAlert {
  return (alert) => post(alert, timeoutMs);
}

async function post(alert: AlertRequest, timeoutMs: number): Promise<void> {
  const url = new URL(alert.url);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (!alert.allowPrivate && isIP(host) !== 0) refusePrivate(host);
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const sent = send(url, {
    method: "POST",
    headers: { ...alert.headers, "content-length": Buffer.byteLength(alert.body), connection: "close" },
    // Each alert on a connection of its own: one that a receiver closed in silence would lose it.
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
    ...(alert.allowPrivate ? {} : { lookup: publicOnly }),
  });
  sent.on("response", (response) => {
    const status = response.statusCode ?? 0;
    // What a receiver answers is not read: it may be anything, and of any size.
    response.destroy();
    if (status >= 200 && status < 300) resolve();
    else reject(new Error(`answered ${status}`));
  });
  sent.on("error", (error) => reject(described(error)));
  sent.end(alert.body);
  await promise;
}

/** Without the URL: with some receivers it is the secret. */
function described(error: Error): Error {
  if (error instanceof RunbackError) return error;
  if (error.name === "AbortError" || error.name === "TimeoutError") return new Error("did not answer in time");
  return new Error(String((error as { code?: unknown }).code ?? "could not be reached"));
}

const publicOnly: LookupFunction = (hostname, options, done) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return done(error, []);
    try {
      for (const { address } of addresses) refusePrivate(address);
    } catch (refused) {
      return done(refused as Error, []);
    }
    if (options.all) return done(null, addresses);
    done(null, addresses[0]!.address, addresses[0]!.family);
  });
};

/** Anything that is not plainly a public address: loopback, private, link-local, and forms that wrap such an address. */
function refusePrivate(address: string): void {
  if (ipaddr.process(address).range() === "unicast") return;
  throw new RunbackError("RECEIVER_PRIVATE", "The receiver's address is in a private network.", {
    recovery: "Set allowPrivate for this receiver if that is meant.",
  });
}
