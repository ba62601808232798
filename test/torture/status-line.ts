/** The one line that shows how a run goes: rewritten in place in a terminal, nothing elsewhere. */

const EVERY_MS = 100;

export class StatusLine {
  readonly #live: boolean;
  #lastAt = 0;
  #shown = false;

  /** `on`: false shows nothing at all. */
  constructor(on: boolean) {
    this.#live = on && process.stderr.isTTY === true;
  }

  /** Shows the text that `make` gives, at most ten times a second. */
  show(make: () => string): void {
    if (!this.#live || performance.now() - this.#lastAt < EVERY_MS) return;
    this.#lastAt = performance.now();
    this.#shown = true;
    const width = (process.stderr.columns ?? 100) - 1;
    process.stderr.write(`\r\x1b[K${make().slice(0, width)}`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K');
    this.#shown = false;
  }
}

/** 12345 as 12,345. */
export const grouped = (value: number): string => Math.round(value).toLocaleString('en-US');
