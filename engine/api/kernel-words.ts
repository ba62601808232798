/** Words of the control segment that the entry itself needs, and the regions it asks for. */

import { regionOf, type RegionRequest, type SharedMemory } from '../../shm/shared-memory.ts';
import { moduleCacheRegion } from '../exec/module-cache.ts';
import { jobsRegions } from '../jobs/jobs.ts';
import { tableChangesRegion } from '../jobs/table-changes.ts';

/** Regions besides those of storage and transactions. */
export const KERNEL_REGIONS = (threads: number): RegionRequest[] => [
  { name: 'kernel', bytes: 256 },
  moduleCacheRegion(),
  tableChangesRegion(),
  ...jobsRegions(threads, Math.max(1024, 2 ** Math.ceil(Math.log2(threads * 4)))),
];

/** Next table id, and next index id, each on a line of its own (SM-S3). */
const tableWord = (shm: SharedMemory): number => regionOf(shm, 'kernel') >>> 2;
const indexWord = (shm: SharedMemory): number => (regionOf(shm, 'kernel') + 64) >>> 2;

/** At open: ids go on above these. */
export function startIds(shm: SharedMemory, table: number, index: number): void {
  Atomics.store(shm.i32, tableWord(shm), table);
  Atomics.store(shm.i32, indexWord(shm), index);
}

/** Draws the id of a new table. */
export const nextTableId = (shm: SharedMemory): number => Atomics.add(shm.i32, tableWord(shm), 1) + 1;
/** Draws the id of a new index. */
export const nextIndexId = (shm: SharedMemory): number => Atomics.add(shm.i32, indexWord(shm), 1) + 1;
