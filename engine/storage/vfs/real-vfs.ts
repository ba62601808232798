/**
 * The machine's own file system, through node:fs. Reads and writes go straight between the kernel and the caller's
 * memory, shared or not: no copy is made on the way.
 *
 * Short transfers are continued and interrupted calls repeated. Files are for the owner only (mode 600).
 */

import * as nodeFs from 'node:fs';
import { join } from 'node:path';
import { assert } from '../../../shm/assert.ts';
import { diskFull, ioError, SqlError } from '../../../shm/errors.ts';
import { systemCalls } from '../../../shm/system-calls.ts';
import { adoptDirectoryLock, isLockFile, lockDirectory } from './directory-lock.ts';
import { type OpenMode, type Vfs, type VfsFile, type VfsLock, writeZeros } from './vfs.ts';

/** The calls to the system, handed in so that a test can shorten, interrupt and fail them. */
export type FileCalls = Pick<
  typeof nodeFs,
  | 'openSync'
  | 'closeSync'
  | 'readSync'
  | 'writeSync'
  | 'writevSync'
  | 'fdatasyncSync'
  | 'fdatasync'
  | 'fsyncSync'
  | 'fstatSync'
  | 'ftruncateSync'
  | 'existsSync'
  | 'readdirSync'
  | 'unlinkSync'
  | 'renameSync'
  | 'mkdirSync'
>;

const { O_RDWR, O_CREAT, O_EXCL, O_RDONLY } = nodeFs.constants;
const OPEN_FLAGS: Record<OpenMode, number> = { existing: O_RDWR, create: O_RDWR | O_CREAT, createNew: O_RDWR | O_CREAT | O_EXCL };
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** Most bytes of one transfer: Linux moves 2 GiB less a page, and Node counts in 31 bits. */
const TRANSFER_MAX = 1 << 30;
/** Most parts of one gather write: IOV_MAX on Linux and macOS. */
const PARTS_MAX = 1024;
/** How often an interrupted call is repeated before it counts as failed. */
const REPEATS_MAX = 1000;

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const INTERRUPTED = new Set(['EINTR', 'EAGAIN']);

const errorCode = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code;

function asSqlError(error: unknown, path: string, operation: string): SqlError {
  if (error instanceof SqlError) return error;
  return NO_SPACE.has(errorCode(error) ?? '') ? diskFull(path, error) : ioError(path, operation, error);
}

/** Runs one call to the system: again if it was interrupted, and with a SqlError that names the path if it failed. */
function call<T>(path: string, operation: string, run: () => T): T {
  for (let repeats = 0; ; repeats++) {
    try {
      return run();
    } catch (error) {
      if (!INTERRUPTED.has(errorCode(error) ?? '') || repeats === REPEATS_MAX) throw asSqlError(error, path, operation);
    }
  }
}

class RealFile implements VfsFile {
  readonly path: string;
  readonly #fs: FileCalls;
  readonly #descriptor: number;
  #closed = false;
  /** Syncs in libuv's pool: the descriptor's number must not go to another file before they are through. */
  #syncing = 0;

  constructor(fs: FileCalls, path: string, mode: OpenMode) {
    this.#fs = fs;
    this.path = path;
    this.#descriptor = call(path, 'open', () => fs.openSync(path, OPEN_FLAGS[mode], FILE_MODE));
  }

  read(position: number, target: Uint8Array, offset: number, length: number): number {
    assert(!this.#closed, 'a file that is read is open');
    assert(offset >= 0 && length >= 0 && offset + length <= target.byteLength, 'a read stays inside its target');
    let done = 0;
    while (done < length) {
      const got = this.#readOnce(position + done, target, offset + done, Math.min(length - done, TRANSFER_MAX));
      if (got === 0) break;
      done += got;
    }
    return done;
  }

  // Not through call(): a read of a page is on a hot path, and this saves its closure.
  #readOnce(position: number, target: Uint8Array, offset: number, length: number): number {
    for (let repeats = 0; ; repeats++) {
      try {
        return this.#fs.readSync(this.#descriptor, target, offset, length, position);
      } catch (error) {
        if (!INTERRUPTED.has(errorCode(error) ?? '') || repeats === REPEATS_MAX) throw asSqlError(error, this.path, 'read');
      }
    }
  }

  write(position: number, source: Uint8Array, offset: number, length: number): void {
    assert(!this.#closed, 'a file that is written is open');
    assert(offset >= 0 && length >= 0 && offset + length <= source.byteLength, 'a write stays inside its source');
    let done = 0;
    while (done < length) {
      const written = this.#writeOnce(position + done, source, offset + done, Math.min(length - done, TRANSFER_MAX));
      if (written === 0) throw this.#wroteNothing();
      done += written;
    }
  }

  // As #readOnce: each commit comes by.
  #writeOnce(position: number, source: Uint8Array, offset: number, length: number): number {
    for (let repeats = 0; ; repeats++) {
      try {
        return this.#fs.writeSync(this.#descriptor, source, offset, length, position);
      } catch (error) {
        if (!INTERRUPTED.has(errorCode(error) ?? '') || repeats === REPEATS_MAX) throw asSqlError(error, this.path, 'write');
      }
    }
  }

  writeParts(position: number, parts: readonly Uint8Array[]): void {
    assert(!this.#closed, 'a file that is written is open');
    let at = position;
    for (let first = 0; first < parts.length; first += PARTS_MAX) {
      const batch = parts.slice(first, first + PARTS_MAX).filter((part) => part.byteLength > 0);
      at = this.#gather(at, batch);
    }
  }

  /** Writes one batch of parts that are not empty; returns the position behind it. */
  #gather(position: number, parts: Uint8Array[]): number {
    let at = position;
    let rest = parts;
    while (rest.length > 0) {
      const start = at;
      const batch = rest;
      let written = this.#progress(() => this.#fs.writevSync(this.#descriptor, batch, start));
      at += written;
      let whole = 0;
      while (whole < rest.length && written >= rest[whole]!.byteLength) written -= rest[whole++]!.byteLength;
      rest = rest.slice(whole);
      if (written > 0) rest[0] = rest[0]!.subarray(written);
    }
    return at;
  }

  /** A write that moves nothing and reports nothing would be repeated for ever. */
  #progress(write: () => number): number {
    const written = call(this.path, 'write', write);
    if (written === 0) throw this.#wroteNothing();
    return written;
  }

  #wroteNothing(): SqlError {
    return ioError(this.path, 'write', new Error('the system wrote 0 bytes and gave no reason'));
  }

  allocate(position: number, bytes: number): void {
    assert(!this.#closed, 'a file that grows is open');
    // Extents without content: no zeros go through memory and to the disk. What a test hands in has no such call.
    const calls = this.#fs === nodeFs ? systemCalls() : null;
    if (calls !== null && calls.fallocate(this.#descriptor, 0, BigInt(position), BigInt(bytes)) === 0) return;
    // No such call, not on this file system, interrupted, or no room: writing finds out which.
    writeZeros(this, position, bytes);
  }

  sync(): void {
    assert(!this.#closed, 'a file that is synced is open');
    // On macOS libuv makes this F_FULLFSYNC, which is the one that counts there.
    for (let repeats = 0; ; repeats++) {
      try {
        this.#fs.fdatasyncSync(this.#descriptor);
        return;
      } catch (error) {
        if (!INTERRUPTED.has(errorCode(error) ?? '') || repeats === REPEATS_MAX) throw asSqlError(error, this.path, 'sync');
      }
    }
  }

  syncLater(done: (error: Error | null) => void): void {
    assert(!this.#closed, 'a file that is synced is open');
    this.#syncing++;
    this.#startSync(done, 0);
  }

  #startSync(done: (error: Error | null) => void, repeats: number): void {
    this.#fs.fdatasync(this.#descriptor, (error) => {
      if (error !== null && INTERRUPTED.has(errorCode(error) ?? '') && repeats < REPEATS_MAX) {
        this.#startSync(done, repeats + 1);
        return;
      }
      let failure: Error | null = error === null ? null : asSqlError(error, this.path, 'sync');
      this.#syncing--;
      try {
        this.#closeWhenIdle();
      } catch (closing) {
        failure ??= closing as Error;
      }
      done(failure);
    });
  }

  size(): number {
    assert(!this.#closed, 'a file that is measured is open');
    return call(this.path, 'measure', () => this.#fs.fstatSync(this.#descriptor).size);
  }

  truncate(size: number): void {
    assert(!this.#closed, 'a file that is cut is open');
    call(this.path, 'resize', () => this.#fs.ftruncateSync(this.#descriptor, size));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    if (!this.#closed || this.#syncing > 0) return;
    try {
      this.#fs.closeSync(this.#descriptor);
    } catch (error) {
      // Never repeated: after EINTR the descriptor is gone on Linux, and its number may be another file's by now.
      if (!INTERRUPTED.has(errorCode(error) ?? '')) throw asSqlError(error, this.path, 'close');
    }
  }
}

export class RealVfs implements Vfs {
  readonly #fs: FileCalls;

  constructor(fs: FileCalls = nodeFs) {
    this.#fs = fs;
  }

  open(path: string, mode: OpenMode): VfsFile {
    return new RealFile(this.#fs, path, mode);
  }

  exists(path: string): boolean {
    return this.#fs.existsSync(path);
  }

  list(directory: string): string[] {
    const names = call(directory, 'list', () => this.#fs.readdirSync(directory));
    return names.filter((name) => !isLockFile(name)).sort();
  }

  remove(path: string): void {
    call(path, 'remove', () => this.#fs.unlinkSync(path));
  }

  rename(from: string, to: string): void {
    call(from, 'rename', () => this.#fs.renameSync(from, to));
  }

  makeDirectory(path: string): void {
    call(path, 'make directory', () => this.#fs.mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE }));
  }

  syncDirectory(path: string): void {
    // Windows has no handle to a directory that could be synced; NTFS journals names by itself.
    if (process.platform === 'win32') return;
    const descriptor = call(path, 'open', () => this.#fs.openSync(path, O_RDONLY));
    try {
      call(path, 'sync', () => this.#fs.fsyncSync(descriptor));
    } finally {
      call(path, 'close', () => this.#fs.closeSync(descriptor));
    }
  }

  lock(directory: string): VfsLock {
    return lockDirectory(join(directory, ''));
  }

  adoptLock(directory: string, token: string): VfsLock {
    return adoptDirectoryLock(join(directory, ''), token);
  }
}
