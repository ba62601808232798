/**
 * A process that is made to be killed: `node log-writer.ts DIRECTORY MEBIBYTES SEGMENT` writes that much log behind the last checkpoint,
 * half the rows inserted, half random updates, durable in groups of 1,000; then it begins a transaction that never ends, prints
 * 'written' and sleeps.
 */
import { flushAll, tailLsn } from '../../../engine/storage/log/flush.ts';
import { openKernel } from '../../../engine/api/kernel.ts';
import { ITEM, itemNames, randomKeys } from './items.ts';
import { createPaths, insertItems, updateItems } from './paths.ts';

const GROUP = 1000;
const [directory, mebibytes, logSegment] = process.argv.slice(2);

const kernel = openKernel(directory, { checkpointEvery: '8GB', logSegment });
const paths = createPaths(kernel, kernel.createTable(ITEM));
const names = itemNames();
const { log } = kernel.parts;
const wanted = Number(mebibytes) * 2 ** 20;
const start = tailLsn(log);
let rows = 0;
while (tailLsn(log) - start < wanted) {
  const tx = kernel.begin();
  kernel.enter(() => insertItems(paths, tx, rows, rows + GROUP, names));
  rows += GROUP;
  const keys = randomKeys(GROUP, 0, rows, rows);
  kernel.enter(() => updateItems(paths, tx, keys, 0, GROUP));
  kernel.commit(tx);
}
const loser = kernel.begin();
kernel.enter(() => insertItems(paths, loser, rows, rows + GROUP, names));
kernel.enter(() => flushAll(log));
process.stdout.write('written\n', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
