/** How far it is: a bar on a terminal, nothing elsewhere but the last line. Bars go to the error output: what is piped on is data. */

const WIDTH = 30;
/** Milliseconds between two drawings. */
const PERIOD = 100;

export interface Progress {
  /** `done` of `of` units; `of` 0: nobody knows. `rows` so far, where there are any. */
  tell(done: number, of: number, rows?: number): void;
  /** The bar goes. */
  end(): void;
}

const grouped = (count: number): string => Math.round(count).toLocaleString('en');

const SILENT: Progress = { tell: () => undefined, end: () => undefined };

/** `unit`: what is counted in the rate. */
export function progressOf(what: string, unit: string, isQuiet: boolean): Progress {
  if (isQuiet || process.stderr.isTTY !== true) return SILENT;
  const start = performance.now();
  let drawn = 0;
  return {
    tell(done, of, rows) {
      const now = performance.now();
      if (now - drawn < PERIOD && done < of) return;
      drawn = now;
      const share = of > 0 ? Math.min(1, done / of) : 0;
      const bar = of > 0 ? `[${'#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.')}] ${Math.floor(share * 100)} %  ` : '';
      const counted = rows ?? done;
      const rate = counted / Math.max(0.001, (now - start) / 1000);
      process.stderr.write(`\r\u001b[K${what} ${bar}${grouped(counted)} ${unit}, ${grouped(rate)} ${unit}/s`);
    },
    end() {
      process.stderr.write('\r\u001b[K');
    },
  };
}
