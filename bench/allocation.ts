/**
 * `node bench/allocation.ts [ROWS]`: bytes that the kernel's hot paths allocate on the JavaScript heap for a row, from V8's
 * sampling heap profile, with what was collected meanwhile; where there are any, the functions that allocate them.
 *
 * Each path runs in rounds of ROWS rows (100,000) until a round allocates next to nothing, or for as many rounds as it is given:
 * before V8 has compiled the loops, doubles are boxed. What a batch or a round allocates (closures, the profiler's own) counts, too.
 */
import { Session } from 'node:inspector';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKernelItems, itemNames, type KernelItems, randomKeys } from './suites/kernel/items.ts';
import { insertItems, rangeItems, readItems, sumItems, updateItems } from './suites/kernel/paths.ts';

export interface Allocation {
  readonly path: string;
  readonly rows: number;
  readonly bytesPerRow: number;
  /** Rounds it took, the counted one included. */
  readonly rounds: number;
  /** The functions that allocate most: 'function file:line < its caller, bytes a row'. */
  readonly sites: readonly string[];
}

interface ProfileNode {
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly selfSize: number;
  readonly children: readonly ProfileNode[];
}

/** Mean bytes between two samples: small, so that a round of few rows is seen whole. */
const SAMPLING_INTERVAL = 256;
const SITES = 5;

/** Bytes that `body` allocates, by function. */
function sampleAllocations(session: Session, body: () => void): Map<string, number> {
  session.post('HeapProfiler.startSampling', {
    samplingInterval: SAMPLING_INTERVAL,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  body();
  const sizes = new Map<string, number>();
  const visit = (node: ProfileNode, caller: string): void => {
    const { functionName, url, lineNumber } = node.callFrame;
    const file = url === '' ? 'generated or native' : url.split('/').slice(-2).join('/');
    const place = `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`;
    if (node.selfSize > 0) sizes.set(`${place} < ${caller}`, (sizes.get(`${place} < ${caller}`) ?? 0) + node.selfSize);
    for (const child of node.children) visit(child, place);
  };
  session.post('HeapProfiler.stopSampling', (error, result) => {
    if (error !== null) throw new Error(error.message);
    visit(result.profile.head, '');
  });
  return sizes;
}

const BATCH = 1000;

/** In batches, as a program calls: the loop over a batch is compiled once and for all. */
function inBatches(rows: number, body: (from: number, to: number) => void): void {
  for (let from = 0; from < rows; from += BATCH) body(from, Math.min(from + BATCH, rows));
}

interface Path {
  readonly name: string;
  /** Before the first round. */
  readonly prepare?: () => void;
  readonly run: (rows: number) => void;
}

/** The paths, on a table that the first of them fills. */
function hotPaths({ kernel, paths }: KernelItems): Path[] {
  const names = itemNames();
  let filled = 0;
  const keysOf = (rows: number): Int32Array => randomKeys(rows, 0, Math.max(1, filled));
  const within = (work: (tx: ReturnType<typeof kernel.begin>) => void): void => {
    const tx = kernel.begin();
    work(tx);
    kernel.commit(tx);
  };
  const scan = (rows: number): void =>
    within((tx) => {
      for (let seen = 0; seen < rows; seen += filled) kernel.enter(() => sumItems(paths, tx));
    });
  return [
    {
      name: 'insert',
      run: (rows) =>
        within((tx) => {
          const start = filled;
          inBatches(rows, (from, to) => kernel.enter(() => insertItems(paths, tx, start + from, start + to, names)));
          filled += rows;
        }),
    },
    {
      name: 'point read',
      run: (rows) => {
        const keys = keysOf(rows);
        within((tx) => inBatches(rows, (from, to) => void kernel.enter(() => readItems(paths, tx, keys, from, to))));
      },
    },
    {
      name: 'update',
      run: (rows) => {
        const keys = keysOf(rows);
        within((tx) => inBatches(rows, (from, to) => kernel.enter(() => updateItems(paths, tx, keys, from, to))));
      },
    },
    { name: 'scan, stamps not yet in the rows', run: scan },
    { name: 'scan', prepare: () => kernel.tidy(), run: scan },
    {
      name: 'range of an index',
      run: (rows) => within((tx) => inBatches(rows, (from, to) => void kernel.enter(() => rangeItems(paths, tx, from, to - 1)))),
    },
  ];
}

/** Measures every path: rounds of `rows` rows, until one allocates less than `enough` bytes a row or `maxRounds` are done. */
export function measureAllocations(directory: string, rows: number, maxRounds: number, enough: number): Allocation[] {
  const items = createKernelItems(directory, { pool: 0 });
  const session = new Session();
  session.connect();
  try {
    return hotPaths(items).map((path) => measurePath(session, path, rows, maxRounds, enough));
  } finally {
    session.disconnect();
    items.kernel.close();
  }
}

function measurePath(session: Session, path: Path, rows: number, maxRounds: number, enough: number): Allocation {
  path.prepare?.();
  let best: Allocation | null = null;
  for (let rounds = 1; rounds <= maxRounds; rounds++) {
    const sizes = sampleAllocations(session, () => path.run(rows));
    const bytesPerRow = [...sizes.values()].reduce((sum, size) => sum + size, 0) / rows;
    if (best === null || bytesPerRow < best.bytesPerRow)
      best = { path: path.name, rows, bytesPerRow, rounds, sites: largest(sizes, rows) };
    if (bytesPerRow < enough) break;
  }
  return best as Allocation;
}

const largest = (sizes: ReadonlyMap<string, number>, rows: number): string[] =>
  [...sizes]
    .sort((a, b) => b[1] - a[1])
    .slice(0, SITES)
    .map(([place, size]) => `${place} ${(size / rows).toFixed(3)}`);

const FULL_ROWS = 100_000;
const FULL_ROUNDS = 6;

function main(rows: number): void {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-allocation-'));
  try {
    for (const { path, bytesPerRow, rounds, sites } of measureAllocations(directory, rows, FULL_ROUNDS, 0.05)) {
      console.log(`${path.padEnd(34)} ${bytesPerRow.toFixed(3)} bytes a row, in round ${rounds}`);
      for (const site of sites) console.log(`    ${site}`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

if (import.meta.main) main(Number(process.argv[2] ?? FULL_ROWS));
