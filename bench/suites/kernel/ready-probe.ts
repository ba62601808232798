/** `node ready-probe.ts DIRECTORY` opens a database that was killed, and prints in how many seconds it answered its first read. */
import { openKernel } from '../../../engine/api/kernel.ts';
import { ITEM } from './items.ts';
import { createPaths, readItems, sumItems } from './paths.ts';

const start = performance.now();
const kernel = openKernel(process.argv[2], { checkpointEvery: '8GB' });
const paths = createPaths(kernel, kernel.table(ITEM.name));
const tx = kernel.begin({ readOnly: true });
const first = Int32Array.of(0);
kernel.enter(() => readItems(paths, tx, first, 0, 1));
const seconds = (performance.now() - start) / 1000;
kernel.enter(() => sumItems(paths, tx));
kernel.rollback(tx);
console.log(JSON.stringify({ seconds, rows: paths.state[0], losers: kernel.recovered?.losers ?? 0 }));
kernel.close();
