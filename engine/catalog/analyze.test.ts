/** What a sample says of a column: of a table that is too large to be looked at row by row. */

import { ok } from 'node:assert/strict';
import { test } from 'node:test';
import { sqlType } from '../sblr/types.ts';
import { randomFrom } from '../sblr/source-fixture.ts';
import { columnStatistics } from './analyze.ts';

const PAGES = 120_000;
const ROWS_A_PAGE = 50;
const ROWS = PAGES * ROWS_A_PAGE;
const WANTED = 30_000;

/** Rows as ANALYZE draws them: some pages, and of their rows as many as there are pages. */
function drawn(keyOf: (row: number) => number) {
  const random = randomFrom(7);
  const rows: number[] = [];
  const pages = Array.from({ length: WANTED }, (_, at) => Math.floor(((at + random()) * PAGES) / WANTED));
  for (const page of pages)
    for (let slot = 0; slot < ROWS_A_PAGE; slot++) if (random() < 1 / ROWS_A_PAGE) rows.push(page * ROWS_A_PAGE + slot);
  return {
    sample: rows.map((row) => [keyOf(row)]),
    pages: { pageOf: rows.map((row) => Math.floor(row / ROWS_A_PAGE)), share: WANTED / PAGES },
  };
}

function distinct(keyOf: (row: number) => number): number {
  const { sample, pages } = drawn(keyOf);
  const found = columnStatistics({ type: sqlType('int4'), number: 1, kernelColumn: 0 }, sample, ROWS, pages).distinct;
  return found < 0 ? -found * ROWS : found;
}

test('values of which each lies on one page are not taken for fewer than they are', () => {
  const found = distinct((row) => Math.floor(row / 4));
  ok(found > 0.75 * (ROWS / 4) && found < 1.35 * (ROWS / 4), `${found} of ${ROWS / 4}`);
});

test('where rows lie makes no difference to values that lie anywhere', () => {
  const found = distinct((row) => (row * 7919) % 10_007);
  ok(found > 9_000 && found < 11_000, `${found} of 10007`);
  ok(distinct((row) => row) > 0.95 * ROWS, 'a key');
  ok(distinct((row) => Math.floor(row / 1_000_000)) === 6, 'ranges of many pages');
});
