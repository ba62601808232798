/** Lines that are typed, or read from a file, as the pieces of a COPY ... FROM STDIN. */

const PIECE_CHARACTERS = 1 << 16;

export class CopiedLines implements AsyncIterable<Uint8Array> {
  #lines: string[] = [];
  #length = 0;
  #ready: Buffer[] = [];
  #isOver = false;
  /** The reader waits; the writer waits. */
  #wake: (() => void) | null = null;
  #taken: (() => void) | null = null;

  /** Resolves when there is room for more. */
  async add(line: string): Promise<void> {
    if (this.#isOver) return;
    this.#lines.push(line);
    this.#length += line.length + 1;
    if (this.#length < PIECE_CHARACTERS) return;
    this.#pass();
    if (this.#ready.length > 1) await new Promise<void>((resolve) => (this.#taken = resolve));
  }

  #pass(): void {
    if (this.#lines.length > 0) this.#ready.push(Buffer.from(`${this.#lines.join('\n')}\n`));
    this.#lines = [];
    this.#length = 0;
    this.#wake?.();
    this.#wake = null;
  }

  /** No line follows. */
  end(): void {
    this.#isOver = true;
    this.#pass();
  }

  /** Nobody reads any more. */
  close(): void {
    this.#isOver = true;
    this.#lines = [];
    this.#ready = [];
    this.#taken?.();
    this.#taken = null;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = this.#ready.shift();
      if (piece !== undefined) {
        this.#taken?.();
        this.#taken = null;
        yield piece;
      } else if (this.#isOver) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
