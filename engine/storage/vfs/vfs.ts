/**
 * The file interface of the engine: everything that storage asks of a disk, and nothing else. Two implementations:
 * real-vfs.ts (node:fs) and simulated-vfs.ts (in memory, deterministic, with faults and crashes).
 *
 * Paths are full paths. Calls are synchronous and blocking unless they say otherwise. Failures are SqlError: 53100 when
 * there is no room (the path is in the message), 58030 for everything else the operating system refuses, with its
 * error as the cause.
 *
 * What survives a power failure:
 *   data and size of a file      what was written before a sync() that returned
 *   names (create, rename,       what was done before a syncDirectory() of the parent that returned
 *   remove, makeDirectory)
 * Of anything later any part may survive, in any order.
 */

/** What is open on a path. Several may be open on one file, also in several threads. */
export interface VfsFile {
  readonly path: string;
  /** Reads up to `length` bytes into target[offset...]; returns the bytes read: fewer only at the end of the file. */
  read(position: number, target: Uint8Array, offset: number, length: number): number;
  /** Writes all of source[offset...offset + length] or throws; after a throw any part may have been written. */
  write(position: number, source: Uint8Array, offset: number, length: number): void;
  /** Writes the parts one after the other from `position` on, in as few calls to the system as it can. Whole or throws. */
  writeParts(position: number, parts: readonly Uint8Array[]): void;
  /**
   * Makes sure of the room for a part of the file that is behind its end, or holds nothing that counts: it reads as zeros then, the
   * file ends there or later, and writing to it needs no more room. 53100 when there is none; any part may have been made then.
   */
  allocate(position: number, bytes: number): void;
  /** Makes data and size durable (fdatasync). A failure is final: nobody knows what is on the disk (SM-W4). */
  sync(): void;
  /**
   * The same without blocking the event loop: covers all that was written before the call, and calls `done` once,
   * later. A close() meanwhile waits for it.
   */
  syncLater(done: (error: Error | null) => void): void;
  /** Size in bytes. */
  size(): number;
  /** Cuts the file, or grows it with a hole (which has no space of its own yet). */
  truncate(size: number): void;
  close(): void;
}

/** `existing` fails when the file is not there, `createNew` when it is; `create` takes either. All read and write. */
export type OpenMode = 'existing' | 'create' | 'createNew';

/** A directory held for this process. */
export interface VfsLock {
  /** Names this taking of the lock: whoever knows it may release it from another thread, see Vfs.adoptLock. */
  readonly token: string;
  /** Gives the directory back. A second release does nothing. */
  release(): void;
}

export interface Vfs {
  open(path: string, mode: OpenMode): VfsFile;
  /** True for files and directories. */
  exists(path: string): boolean;
  /** Names (not paths) of the files and directories in a directory, sorted. The lock's own files are left out. */
  list(directory: string): string[];
  /** Removes a file. Who has it open keeps it until close. */
  remove(path: string): void;
  /** Renames a file (not a directory), replacing what has the new name. */
  rename(from: string, to: string): void;
  /** Makes the directory and its missing parents; no error when it is there. */
  makeDirectory(path: string): void;
  /** Makes the names in this directory durable. */
  syncDirectory(path: string): void;
  /** Takes the directory for this process; throws 55006 naming the owner's pid. A dead owner's lock is taken over. */
  lock(directory: string): VfsLock;
  /** The lock that another thread of this process took, known by its token: for recovering after that thread's death. */
  adoptLock(directory: string, token: string): VfsLock;
}

/**
 * Zeros to write extents from (SM-F1, SM-W4), where the system cannot allocate them otherwise. Never written to. The simulated
 * disk knows this buffer, so that writing a whole log segment from it costs it next to nothing.
 */
export const ZEROS: Uint8Array = new Uint8Array(1 << 20);

/**
 * Writes zeros: what the file system has promised room for with it cannot fail for lack of room later. `piece`: bytes of one write, at
 * most those of ZEROS.
 */
export function writeZeros(file: VfsFile, position: number, bytes: number, piece = ZEROS.length): void {
  for (let done = 0; done < bytes; done += piece) file.write(position + done, ZEROS, 0, Math.min(piece, bytes - done));
}
