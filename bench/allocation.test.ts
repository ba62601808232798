/** No allocation per row on the kernel's hot paths: a count of bytes, not a timing. */
import { deepStrictEqual, ok } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { measureAllocations } from './allocation.ts';

const ROWS = 20_000;
/** Rounds that V8 is given to compile the loops: before that, doubles are boxed. */
const ROUNDS = 12;
/**
 * Most bytes a row. V8's smallest object takes 16: one made for every row shows. What is above 2 is boxed doubles, some of them
 * in the upkeep that writers do; these limits are for lowering.
 */
const LIMITS: { readonly [path: string]: number } = {
  insert: 12,
  'point read': 2,
  update: 6,
  'scan, stamps not yet in the rows': 20,
  scan: 2,
  'range of an index': 2,
};

test('allocation: insert, point read, update, scan and index range make no object per row', () => {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-allocation-'));
  try {
    const allocations = measureAllocations(directory, ROWS, ROUNDS, 1);
    deepStrictEqual(
      allocations.map(({ path }) => path),
      Object.keys(LIMITS),
    );
    for (const { path, bytesPerRow, sites } of allocations) {
      ok(bytesPerRow < LIMITS[path], `${path} allocates ${bytesPerRow.toFixed(2)} bytes a row:\n${sites.join('\n')}`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
