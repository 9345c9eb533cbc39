import type { RunState } from "@runback/core";
import { html } from "hono/html";
import type { Markup } from "./markup.ts";

export type Tone = "good" | "warn" | "bad" | "busy" | "calm";

/** Shapes, so that tones differ without colour too. */
const shapes: Readonly<Record<Tone, Markup>> = {
  good: html`<path d="M1.5 5.5 4 8l4.5-6" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/>`,
  warn: html`<path d="M5 1.2 9.4 9H.6Z" fill="currentColor"/>`,
  bad: html`<path d="m1.8 1.8 6.4 6.4m0-6.4L1.8 8.2" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"/>`,
  busy: html`<circle cx="5" cy="5" r="3.6" fill="none" stroke="currentColor" stroke-width="1.8" stroke-dasharray="14 9"/>`,
  calm: html`<circle cx="5" cy="5" r="3" fill="currentColor"/>`,
};

export function chip(tone: Tone, text: string): Markup {
  return html`<span class="chip ${tone}"><svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">${shapes[tone]}</svg>${text}</span>`;
}

const stateTones: Readonly<Record<RunState, Tone>> = {
  running: "busy",
  paused: "warn",
  completed: "good",
  failed: "bad",
  aborted: "calm",
};

export function stateChip(state: RunState): Markup {
  return chip(stateTones[state], state);
}
