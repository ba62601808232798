/** The benchmark harness: ratios, turns and output, and every suite at its small size, so that none can rot. */
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'node:test';
import { buildSuites } from './built.ts';
import { limitOf, type Measure } from './measure.ts';
import { shortNumber, verdict } from './report.ts';
import { median, ratioOf, runMeasure } from './run-measure.ts';

const bench = (...options: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, '../main.ts'), ...options], { encoding: 'utf8', timeout: 240_000 });

test('bench: a ratio above 1 means that we are better, whichever way the unit goes', () => {
  strictEqual(ratioOf('higher', 30, 10), 3);
  strictEqual(ratioOf('lower', 1, 3), 3);
  strictEqual(median([5, 1, 3]), 3);
  strictEqual(median([4, 1, 3, 2]), 2.5);
});

test('bench: suites are built with what they start, and have the same measures', async () => {
  const source = join(import.meta.dirname, '../suites/kernel.bench.ts');
  const { folder, built } = await buildSuites([source]);
  try {
    const names = async (path: string): Promise<string[]> =>
      (await import(pathToFileURL(path).href)).default.map((measure: Measure) => measure.name);
    deepStrictEqual(await names(built[0]), await names(source));
    for (const started of ['bench-suites-kernel-worker', 'bench-suites-sql-worker', 'engine-jobs-pool-worker']) {
      ok(existsSync(join(folder, `${started}.js`)), started);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('bench: ours and the peer take turns, the first one changes, and the ratio is the median of the turns', async () => {
  const order: string[] = [];
  const figures = [10, 40, 20];
  let directory = '';
  const measure: Measure = {
    name: 'sample',
    unit: 'operations/s',
    better: 'higher',
    peerName: 'peer',
    bar: 2,
    aim: 5,
    setup: (context) => {
      directory = context.directory;
      return {
        ours: () => {
          order.push('ours');
          context.digest(order.length);
          return figures.shift() ?? 0;
        },
        peer: () => {
          order.push('peer');
          return 10;
        },
        teardown: () => void order.push('teardown'),
      };
    },
  };
  const { row, hash } = await runMeasure('suite', measure, { runs: 3, small: true });
  deepStrictEqual(order, ['ours', 'peer', 'peer', 'ours', 'ours', 'peer', 'teardown']);
  deepStrictEqual([row.ours, row.peer, row.ratio, row.runs], [20, 10, 2, 3]);
  strictEqual(verdict(row), 'met');
  strictEqual(verdict({ ...row, ratio: 1.9 }), 'NOT MET');
  strictEqual(verdict({ ...row, ratio: 5 }), 'aim met');
  match(hash, /^[0-9a-f]{12}$/);
  ok(!existsSync(directory), 'the directory of the measure is gone');
});

test('bench: a limit is a peer', async () => {
  const measure: Measure = {
    name: 'time to ready',
    unit: 's',
    better: 'lower',
    peerName: 'limit',
    bar: 1,
    aim: 3,
    setup: () => ({ ours: () => 1.5, peer: limitOf(3) }),
  };
  strictEqual((await runMeasure('suite', measure, { runs: 1, small: true })).row.ratio, 2);
});

test('bench: numbers keep three digits', () => {
  deepStrictEqual([0.01234, 12.345, 1234567, 2.5e9].map(shortNumber), ['0.0123', '12.3', '1.23M', '2.50G']);
});

const ROW_KEYS = ['suite', 'name', 'unit', 'ours', 'peer', 'peerName', 'ratio', 'bar', 'aim', 'runs'];

test('bench: every suite runs at its small size, and --json prints rows and nothing else', () => {
  const { status, stdout, stderr } = bench('--small', '--runs', '1', '--json');
  strictEqual(status, 0, stderr);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  ok(rows.length > 0);
  for (const row of rows) deepStrictEqual(Object.keys(row), ROW_KEYS);
});

test('bench: the table names the machine and gives each measure a hash', () => {
  const { status, stdout, stderr } = bench('--small', '--runs', '1', '--filter', 'harness');
  strictEqual(status, 0, stderr);
  match(stdout, /cores, .* GiB, .* Node v\d+/);
  match(stdout, /harness +page checksum .* [0-9a-f]{12}\n/);
});

test('bench: a wrong option and a filter without a match are errors that say so', () => {
  for (const [options, says] of [
    [['--runs', 'x'], /--runs takes a number/],
    [['--small', '--filter', 'nothing such'], /no measure matches/],
  ] as const) {
    const { status, stderr } = bench(...options);
    strictEqual(status, 1);
    match(stderr, says);
  }
});
