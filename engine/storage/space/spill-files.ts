/**
 * Files for what a statement cannot keep in memory: written once from front to back, read anywhere, gone when closed. The name
 * is removed as soon as the file is open, so that nothing is left whatever happens. All of them together stay below
 * space.spillMax. A full disk is the statement's error (53100), nothing else suffers.
 */

import { join } from 'node:path';
import { limitExceeded } from '../../../shm/errors.ts';
import { acquireLatch, releaseLatch } from '../../../shm/latch.ts';
import type { Bytes } from '../../../shm/types.ts';
import { SPILL_DIRECTORY } from '../database-files.ts';
import type { VfsFile } from '../vfs/vfs.ts';
import type { Space } from './space.ts';
import { addSpaceSharedSpillNumber, setSpaceSharedSpillUsed, spaceSharedSpillUsed } from './space.layout.gen.ts';

/** What is collected before it is written. */
const BUFFER_BYTES = 64 << 10;

export interface SpillFile {
  readonly space: Space;
  readonly file: VfsFile;
  /** Bytes appended so far. */
  length: Bytes;
  /** Of these, bytes in the file; the rest is in the buffer. */
  written: Bytes;
  readonly buffer: Uint8Array;
}

/** Bytes that this thread has put into spill files so far. */
let spilled = 0;
export const spilledBytes = (): Bytes => spilled;

/** Makes an empty spill file, for the calling thread. */
export function createSpillFile(space: Space): SpillFile {
  const { vfs } = space.cache.world;
  const number = addSpaceSharedSpillNumber(space.shm.i32, space.shared, 1) >>> 0;
  const path = join(space.cache.files.directory, SPILL_DIRECTORY, `${number}`);
  const file = vfs.open(path, 'createNew');
  vfs.remove(path);
  return { space, file, length: 0, written: 0, buffer: new Uint8Array(BUFFER_BYTES) };
}

/** Appends bytes and returns where they begin. 53100 when the disk is full, 54000 beyond space.spillMax. */
export function appendSpill(spill: SpillFile, source: Uint8Array, offset: number, bytes: Bytes): number {
  const position = spill.length;
  const room = BUFFER_BYTES - (position - spill.written);
  if (bytes > room) flushSpill(spill);
  if (bytes > BUFFER_BYTES) {
    account(spill.space, bytes);
    spill.file.write(spill.written, source, offset, bytes);
    spill.written += bytes;
  } else {
    const at = spill.length - spill.written;
    // Small pieces are frequent: a loop makes no view for each.
    if (bytes <= 64) for (let index = 0; index < bytes; index++) spill.buffer[at + index] = source[offset + index];
    else spill.buffer.set(source.subarray(offset, offset + bytes), at);
  }
  spill.length += bytes;
  spilled += bytes;
  return position;
}

/** Writes what is in the buffer. */
function flushSpill(spill: SpillFile): void {
  const bytes = spill.length - spill.written;
  if (bytes === 0) return;
  account(spill.space, bytes);
  spill.file.write(spill.written, spill.buffer, 0, bytes);
  spill.written += bytes;
}

/** Reads up to `bytes` bytes from `position` on; returns how many: fewer only at the end. */
export function readSpill(spill: SpillFile, position: number, target: Uint8Array, offset: number, bytes: Bytes): number {
  if (position + bytes > spill.written) flushSpill(spill);
  return spill.file.read(position, target, offset, Math.min(bytes, spill.length - position));
}

/** Closes the file: its content is gone. */
export function closeSpillFile(spill: SpillFile): void {
  account(spill.space, -spill.written);
  spill.written = 0;
  spill.length = 0;
  spill.file.close();
}

/** Bytes in all spill files of all threads; those of a thread that died are counted until the next open. */
export const spillUsed = (space: Space): Bytes => spaceSharedSpillUsed(space.shm.f64, space.shared);

function account(space: Space, bytes: Bytes): void {
  const { shm, shared } = space;
  acquireLatch(shm, shared);
  const used = spaceSharedSpillUsed(shm.f64, shared) + bytes;
  const possible = bytes < 0 || used <= space.spillMax;
  if (possible) setSpaceSharedSpillUsed(shm.f64, shared, used);
  releaseLatch(shm, shared);
  if (!possible) throw limitExceeded('the size of all spill files in bytes', used, space.spillMax);
}
