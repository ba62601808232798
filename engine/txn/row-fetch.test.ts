import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { generateScanLoops } from '../../codegen/rows/page-scan.ts';
import { openKernel, STATEMENT_SIMPLE } from '../api/kernel.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { ManualClock, SeededRandom } from '../storage/world.ts';
import { createMorsels, fetchRows, freeMorsels, nextMorsel, sampleRows, scanRange } from './row-fetch.ts';
import { createTableScan, scanPage } from './table-scan.ts';
import { ROW_DONE, ROW_PAGE, ROW_SLOT } from './transactions.ts';
import { heapPage, heapPageCount } from '../storage/space/heap-map.ts';

const ROWS = 3000;

/** A table of numbers, their row ids, and a statement to look at it in. */
function fixture() {
  const vfs = new SimulatedVfs({ seed: 1 });
  vfs.makeDirectory('/data');
  const kernel = openKernel('/data/numbers', {
    cacheSize: '2MB',
    logRing: '256KB',
    logSegment: '1MB',
    heapSize: '4MB',
    versionSize: '4MB',
    threads: 4,
    pool: 0,
    world: { vfs, clock: new ManualClock(1_700_000_000_000_000, 1), random: new SeededRandom(1) },
  });
  const table = kernel.createTable({ name: 'number', columns: [{ name: 'n', kind: 'int32', nullable: false }] });
  const pages = new Int32Array(ROWS);
  const slots = new Int32Array(ROWS);
  const row = table.newRow();
  const tx = kernel.begin();
  for (let n = 0; n < ROWS; n++) {
    kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
      table.encode(row, [n]);
      return table.insert(tx, row);
    });
    pages[n] = tx.ints[ROW_PAGE];
    slots[n] = tx.ints[ROW_SLOT];
  }
  kernel.commit(tx);
  kernel.tidy();
  const loops = generateScanLoops(table.runtime.layout, { columns: [0], begin: '', row: 's[0] += c0; s[1]++;', end: '' });
  return { kernel, table, pages, slots, loops };
}

const SUM = (ROWS * (ROWS - 1)) / 2;

test('rows are fetched by a list of row ids; what is not there is passed over', () => {
  const { kernel, table, pages, slots, loops } = fixture();
  const tx = kernel.begin();
  const state = new Float64Array(2);
  kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
    const scan = createTableScan();
    strictEqual(fetchRows(tx, table.runtime, pages, slots, ROWS, scan, loops, state), ROWS);
    const missing = Int32Array.of(pages[5], pages[5]);
    strictEqual(fetchRows(tx, table.runtime, missing, Int32Array.of(slots[5], 3999), 2, scan, loops, new Float64Array(2)), 1);
    return ROW_DONE;
  });
  deepStrictEqual([...state], [SUM, ROWS]);
  kernel.rollback(tx);
  kernel.close();
});

test('page ranges handed out cover every page once; a scan goes on in the middle of a page', () => {
  const { kernel, table, loops } = fixture();
  const tx = kernel.begin();
  const state = new Float64Array(2);
  kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
    const { shm, space } = kernel.parts;
    const morsels = createMorsels(tx, table.runtime, 3);
    const scan = createTableScan();
    for (let first = nextMorsel(shm, morsels); first >= 0; first = nextMorsel(shm, morsels)) {
      scanRange(tx, table.runtime, first, Math.min(first + 3, morsels.pages), scan, loops, state);
    }
    freeMorsels(shm, morsels);
    deepStrictEqual([...state], [SUM, ROWS]);
    const whole = new Float64Array(2);
    const rest = new Float64Array(2);
    const page = heapPage(space, table.runtime.mapRoot, 1);
    ok(heapPageCount(space, table.runtime.mapRoot) > 2);
    scanPage(tx, table.runtime, page, scan, loops, whole);
    scan.firstSlot = 10;
    scanPage(tx, table.runtime, page, scan, loops, rest);
    strictEqual(whole[1] - rest[1], 10);
    return ROW_DONE;
  });
  kernel.rollback(tx);
  kernel.close();
});

test('a sample has whole pages, all of them when so many are asked for', () => {
  const { kernel, table, loops } = fixture();
  const tx = kernel.begin();
  kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
    const scan = createTableScan();
    const all = new Float64Array(2);
    sampleRows(tx, table.runtime, 1000, new SeededRandom(1), scan, loops, all);
    deepStrictEqual([...all], [SUM, ROWS]);
    const some = new Float64Array(2);
    strictEqual(sampleRows(tx, table.runtime, 2, new SeededRandom(7), scan, loops, some), 2);
    ok(some[1] > 0 && some[1] < ROWS);
    return ROW_DONE;
  });
  kernel.rollback(tx);
  kernel.close();
});
