/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';

export type BenchOptions = {
  readonly filter: string;
  readonly json: boolean;
  readonly small: boolean;
  readonly peers: boolean;
  readonly runs: number;
  readonly help: boolean;
};

export const HELP = `npm run bench -- [options]      our figures beside a peer's, in turn in one run

  --filter TEXT   only measures whose "suite name" contains TEXT
  --runs N        turns of each (default 3); the medians are shown
  --json          one JSON object a row and nothing else: suite, name, unit, ours, peer, peerName,
                  ratio (above 1 = we are better), bar, aim, runs
  --small         tiny sizes: shows that the benchmarks work, not how fast anything is
  --peers         only measures against another engine; fails if that is not installed (npm run bench:setup)

example:  npm run bench -- --filter "kernel point read" --runs 5`;

/** Reads the options; throws what a person can read. */
export function parseOptions(argv: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      filter: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
      small: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      runs: { type: 'string', default: '3' },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs takes a number from 1 up, not ${values.runs}`);
  return { ...values, runs };
}
