/**
 * The files of a database directory, the log's segments (log/) apart:
 *
 *   data          pages; grows by extents that read as zeros, never shrinks while open
 *   temporary     pages of temporary tables and of spilled versions: emptied at every open
 *   double-write  the batch of pages that is being written in place (SM-W5), at its full size from the start
 *   spill/        one file for each sort or hash table that outgrew its memory: emptied at every open
 *
 * Each thread opens them for itself. A full disk is met where files grow and nowhere else (SM-F1).
 */

import { dirname, join } from 'node:path';
import { PAGE_BYTES } from '../../shm/types.ts';
import { BATCH_PAGES } from './cache/cache.layout.ts';
import type { Vfs, VfsFile } from './vfs/vfs.ts';
import { writeZeros } from './vfs/vfs.ts';

export const DATA_FILE = 'data';
export const TEMPORARY_FILE = 'temporary';
export const DOUBLE_WRITE_FILE = 'double-write';
export const SPILL_DIRECTORY = 'spill';
export const LOG_DIRECTORY = 'log';

/** Files grow by this many bytes, and the data file is this long from the start. */
export const EXTENT_BYTES = 1 << 20;
export const EXTENT_PAGES = EXTENT_BYTES / PAGE_BYTES;

/** Header page and images of a batch. */
export const DOUBLE_WRITE_BYTES = (BATCH_PAGES + 1) * PAGE_BYTES;

export interface DatabaseFiles {
  readonly directory: string;
  readonly data: VfsFile;
  readonly temporary: VfsFile;
  readonly doubleWrite: VfsFile;
}

/** True when the directory holds a database whose creation was finished: its data file has its first extent. */
export function databaseExists(vfs: Vfs, directory: string): boolean {
  return vfs.exists(join(directory, DATA_FILE));
}

/**
 * Makes the files of an empty database, all zeros; the meta pages are written afterwards (meta.ts). Repeatable: what a crash
 * left of an earlier attempt is overwritten. 53100 when there is no room.
 */
export function createDatabaseFiles(vfs: Vfs, directory: string): void {
  vfs.makeDirectory(directory);
  vfs.makeDirectory(join(directory, LOG_DIRECTORY));
  vfs.makeDirectory(join(directory, SPILL_DIRECTORY));
  createZeroed(vfs, join(directory, DOUBLE_WRITE_FILE), DOUBLE_WRITE_BYTES);
  createZeroed(vfs, join(directory, TEMPORARY_FILE), 0);
  createZeroed(vfs, join(directory, DATA_FILE), EXTENT_BYTES);
  vfs.syncDirectory(directory);
  vfs.syncDirectory(dirname(directory));
}

function createZeroed(vfs: Vfs, path: string, bytes: number): void {
  const file = vfs.open(path, 'create');
  try {
    file.truncate(0);
    writeZeros(file, 0, bytes);
    file.sync();
  } finally {
    file.close();
  }
}

/** Opens the files for one thread. 58030 when one is missing. */
export function openDatabaseFiles(vfs: Vfs, directory: string): DatabaseFiles {
  const opened: VfsFile[] = [];
  try {
    for (const name of [DATA_FILE, TEMPORARY_FILE, DOUBLE_WRITE_FILE]) opened.push(vfs.open(join(directory, name), 'existing'));
  } catch (error) {
    for (const file of opened) file.close();
    throw error;
  }
  const [data, temporary, doubleWrite] = opened as [VfsFile, VfsFile, VfsFile];
  return { directory, data, temporary, doubleWrite };
}

export function closeDatabaseFiles(files: DatabaseFiles): void {
  files.data.close();
  files.temporary.close();
  files.doubleWrite.close();
}

/** Removes what the last boot left in the temporary file and of spill files. By the thread that opens the database. */
export function emptyTemporaryFiles(vfs: Vfs, files: DatabaseFiles): void {
  files.temporary.truncate(0);
  const spills = join(files.directory, SPILL_DIRECTORY);
  vfs.makeDirectory(spills);
  for (const name of vfs.list(spills)) vfs.remove(join(spills, name));
}
