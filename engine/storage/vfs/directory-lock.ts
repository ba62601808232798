/**
 * One process a directory: a lock file that names its owner, taken and taken over without a race.
 *
 *   scratchbird.lock                      the lock: JSON of Owner
 *   scratchbird.lock.claim-<token>        an owner's data on its way to becoming a lock; lives for an instant
 *   scratchbird.lock.takeover-<token>     the right to remove the lock with that token, itself a lock of the same form
 *
 * A lock is taken by link(2) of a finished file, so that it appears whole or not at all, and by one process only. A lock
 * whose owner is dead has to be removed first, and there lies the race: two processes see the same dead owner, one
 * removes the lock and takes it, and the other, late, removes the new one. Hence these rules:
 *
 *   1  Every taking draws a new token. A token is never used twice, so a file with a given token never comes back.
 *   2  A lock file is removed by its owner, or, when the owner is dead, by the holder of the takeover file that
 *      carries the lock's token.
 *   3  The holder reads the lock again once it holds, and removes it only if the token is still that one. Between this
 *      read and the removal nobody else may touch it (rule 2), so it removes what it read.
 *   4  A takeover file is a lock: if its holder is dead it is removed by these same rules, under its own token.
 *
 * A dead owner is one whose process is gone, is a zombie, or has another start time (the pid was given away again); and
 * every owner of another boot. Where the system tells neither start time nor boot, a pid that lives counts as the owner.
 *
 * Not covered, as nothing in the file system can tell: two machines, or two containers that do not see each other's
 * processes, on one directory.
 */

import * as fs from 'node:fs';
import { join } from 'node:path';
import { databaseLocked, diskFull, ioError, SqlError, SQLSTATE } from '../../../shm/errors.ts';
import type { VfsLock } from './vfs.ts';

const LOCK_NAME = 'scratchbird.lock';
const CLAIM = `${LOCK_NAME}.claim-`;
const TAKEOVER = `${LOCK_NAME}.takeover-`;

/** Rounds of taking over before we give up: each one lost means that another process made progress. */
const ROUNDS_MAX = 1000;
const PAUSE_MS = 2;
/** The owner's pid in a lock file that cannot be read. */
const NO_PID = 0;

interface Owner {
  pid: number;
  /** Start time of the process in clock ticks since boot, where the system tells. */
  started?: string | undefined;
  boot?: string | undefined;
  token: string;
}

/** True for the lock's own files, which Vfs.list() leaves out. */
export const isLockFile = (name: string): boolean => name === LOCK_NAME || name.startsWith(CLAIM) || name.startsWith(TAKEOVER);

/** Takes the directory for this process, or throws 55006 with the owner's pid. */
export function lockDirectory(directory: string): VfsLock {
  const lockPath = join(directory, LOCK_NAME);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const token = tryTake(directory, lockPath);
    if (token !== null) {
      removeLeftClaims(directory);
      return heldLock(lockPath, token);
    }
    const owner = readOwner(lockPath);
    if (owner === null) continue;
    if (isAlive(owner)) throw databaseLocked(owner.pid, directory);
    if (!removeDead(directory, lockPath, owner)) pause();
  }
  throw new SqlError(SQLSTATE.object_in_use, `could not take the lock ${lockPath}: others keep taking and losing it`, {
    hint: 'try again; if nothing uses the directory, remove the lock file',
  });
}

/** The lock with this token, taken by another thread of this process. Throws 55006 if it is not the one that stands. */
export function adoptDirectoryLock(directory: string, token: string): VfsLock {
  const lockPath = join(directory, LOCK_NAME);
  const owner = readOwner(lockPath);
  if (owner === null) throw ioError(lockPath, 'adopt', new Error('nobody holds it'));
  if (owner.token !== token || owner.pid !== process.pid) throw databaseLocked(owner.pid, directory);
  return heldLock(lockPath, token);
}

function heldLock(path: string, token: string): VfsLock {
  return {
    token,
    release(): void {
      // Released twice, or adopted and released elsewhere: what stands there now may be somebody else's.
      if (readOwner(path)?.token === token) removeIfThere(path);
    },
  };
}

/** Links a finished file to `path`. Returns its token, or null if something stands there. */
function tryTake(directory: string, path: string): string | null {
  const owner = ownIdentity();
  const claim = join(directory, CLAIM + owner.token);
  try {
    fs.writeFileSync(claim, JSON.stringify(owner), { flag: 'wx', mode: 0o600 });
    fs.linkSync(claim, path);
    return owner.token;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return null;
    throw codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT' ? diskFull(path, error) : ioError(path, 'take lock', error);
  } finally {
    removeIfThere(claim);
  }
}

/** Removes the lock of a dead owner (rules 2 to 4). False: somebody else is at it. */
function removeDead(directory: string, path: string, dead: Owner): boolean {
  const takeoverPath = join(directory, TAKEOVER + dead.token);
  const token = tryTake(directory, takeoverPath);
  if (token === null) {
    const other = readOwner(takeoverPath);
    if (other === null) return true;
    return !isAlive(other) && removeDead(directory, takeoverPath, other);
  }
  try {
    if (readOwner(path)?.token === dead.token) removeIfThere(path);
    return true;
  } finally {
    removeIfThere(takeoverPath);
  }
}

/** Claims whose process died between making and linking them. They stand in nobody's way; this keeps the directory tidy. */
function removeLeftClaims(directory: string): void {
  for (const name of fs.readdirSync(directory)) {
    if (!name.startsWith(CLAIM)) continue;
    const owner = readOwner(join(directory, name));
    // One without readable content may be in the making.
    if (owner !== null && owner.pid !== NO_PID && !isAlive(owner)) removeIfThere(join(directory, name));
  }
}

/** The owner that a lock file names; null if there is no file. */
function readOwner(path: string): Owner | null {
  let descriptor: number;
  try {
    descriptor = fs.openSync(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw ioError(path, 'open', error);
  }
  try {
    const owner = parseOwner(fs.readFileSync(descriptor, 'utf8'));
    if (owner !== null) return owner;
    // It was linked whole, so only a crash of the machine can have emptied it, and its owner did not survive that. The
    // file itself serves as its token: no other file with this number was last written at this time.
    const { ino, mtimeNs } = fs.fstatSync(descriptor, { bigint: true });
    return { pid: NO_PID, token: `file-${ino}-${mtimeNs}` };
  } catch (error) {
    throw ioError(path, 'read', error);
  } finally {
    fs.closeSync(descriptor);
  }
}

function parseOwner(text: string): Owner | null {
  let data: Partial<Owner> | null;
  try {
    data = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const { pid, started, boot, token } = data ?? {};
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= NO_PID) return null;
  return typeof token === 'string' && /^[0-9a-f-]+$/.test(token) ? { pid, started, boot, token } : null;
}

function ownIdentity(): Owner {
  return { pid: process.pid, started: startTime(process.pid), boot: bootId(), token: newToken() };
}

/** No other claim on this machine has it: not of this process (time), nor of another (process), nor of an earlier one (chance). */
const newToken = (): string =>
  `${process.pid.toString(16)}-${process.hrtime.bigint().toString(16)}-${Math.random().toString(16).slice(2)}`;

function isAlive(owner: Owner): boolean {
  if (owner.pid === NO_PID) return false;
  const boot = bootId();
  if (owner.boot !== undefined && boot !== undefined && owner.boot !== boot) return false;
  if (!hasProcess(owner.pid)) return false;
  const state = processState(owner.pid);
  if (state === undefined) return true;
  return state.state !== 'Z' && state.state !== 'X' && (owner.started === undefined || owner.started === state.started);
}

function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, under another user.
    if (codeOf(error) === 'ESRCH') return false;
    if (codeOf(error) === 'EPERM') return true;
    throw error;
  }
}

const startTime = (pid: number): string | undefined => processState(pid)?.started;

/** State and start time from /proc/<pid>/stat; undefined where the system does not tell. */
function processState(pid: number): { state: string; started: string } | undefined {
  const text = readSystemFile(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The program's name stands in parentheses and may hold anything; the fields are counted from behind the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, started] = [fields[0], fields[19]];
  return state === undefined || started === undefined ? undefined : { state, started };
}

const bootId = (): string | undefined => readSystemFile('/proc/sys/kernel/random/boot_id')?.trim();

function readSystemFile(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    // No such file, hidden from this user, or the process ended while we read.
    if (['ENOENT', 'EACCES', 'EPERM', 'ESRCH', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw ioError(path, 'remove', error);
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code;
