import type { Progress } from "@runback/operations";
import { Presets, SingleBar } from "cli-progress";

/** Progress bars, on a terminal only. */
export class Bars {
  readonly #shown: boolean;
  #bar: SingleBar | undefined;
  #phase = "";

  constructor(shown: boolean) {
    this.#shown = shown;
  }

  show({ phase, done, total }: Progress): void {
    if (!this.#shown) return;
    if (phase !== this.#phase || !this.#bar) {
      this.stop();
      this.#phase = phase;
      this.#bar = new SingleBar(
        {
          format: `${phase.padEnd(22)} {bar} {value}/{total}  {eta_formatted}`,
          stream: process.stderr,
          hideCursor: true,
        },
        Presets.rect,
      );
      this.#bar.start(total, done);
      return;
    }
    this.#bar.update(done);
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}
