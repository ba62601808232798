/**
 * A simulated disk as plain bytes: taken once, made into a new disk as often as a test wants to damage it in another way. And
 * what lies where in its log.
 */

import { dirname } from 'node:path';
import {
  LOG_BATCH_BYTES,
  logBatchLength,
  logBatchLsn,
  logBatchMagic,
  logBatchSegment,
  logBatchSyncedLsn,
} from '../../engine/storage/log/log-batch.layout.gen.ts';
import { SimulatedVfs } from '../../engine/storage/vfs/simulated-vfs.ts';

export interface DiskImage {
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export function takeImage(disk: SimulatedVfs): DiskImage {
  const files = new Map<string, Uint8Array>();
  for (const [path, { size }] of Object.entries(disk.snapshot())) {
    const bytes = new Uint8Array(size);
    const file = disk.open(path, 'existing');
    file.read(0, bytes, 0, size);
    file.close();
    files.set(path, bytes);
  }
  return { files };
}

/** A disk on which all of it is durable. */
export function diskOf(image: DiskImage, seed: number): SimulatedVfs {
  const disk = new SimulatedVfs({ seed });
  for (const [path, bytes] of image.files) {
    disk.makeDirectory(dirname(path));
    const file = disk.open(path, 'createNew');
    file.write(0, bytes, 0, bytes.length);
    file.sync();
    file.close();
    for (let directory = dirname(path); directory !== '/'; directory = dirname(directory)) disk.syncDirectory(directory);
  }
  return disk;
}

/** A batch of the log: where it lies, and the log positions of its bytes. */
export interface BatchPlace {
  readonly path: string;
  readonly offset: number;
  readonly lsn: number;
  readonly length: number;
  readonly syncedLsn: number;
}

const MAGIC = 0x474c4253;
const BATCH_ALIGNMENT = 512;

/** The batches of the log in their order, those of files' earlier lives left out. */
export function logBatches(image: DiskImage): BatchPlace[] {
  const batches: BatchPlace[] = [];
  for (const [path, bytes] of image.files) {
    const segment = Number(/(\d+)\.log$/.exec(path)?.[1] ?? Number.NaN);
    if (Number.isNaN(segment)) continue;
    const u32 = new Uint32Array(bytes.buffer);
    const f64 = new Float64Array(bytes.buffer);
    for (let offset = 0; offset + LOG_BATCH_BYTES <= bytes.length; ) {
      if (logBatchMagic(u32, offset) !== MAGIC || logBatchSegment(u32, offset) !== segment) break;
      const length = logBatchLength(u32, offset);
      batches.push({ path, offset, lsn: logBatchLsn(f64, offset), length, syncedLsn: logBatchSyncedLsn(f64, offset) });
      offset += Math.ceil((LOG_BATCH_BYTES + length) / BATCH_ALIGNMENT) * BATCH_ALIGNMENT;
    }
  }
  return batches.sort((a, b) => a.lsn - b.lsn);
}

/** The file and offset of a log position, or null when no batch has it. */
export function placeOfLsn(batches: readonly BatchPlace[], lsn: number): { path: string; offset: number } | null {
  for (const batch of batches) {
    if (lsn >= batch.lsn && lsn < batch.lsn + batch.length) {
      return { path: batch.path, offset: batch.offset + LOG_BATCH_BYTES + (lsn - batch.lsn) };
    }
  }
  return null;
}
