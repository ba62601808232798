/**
 * What the kernel's interleaving cases share: one database for all runs of a process, fresh rows for each run, and the crash: a
 * session that copies the files at whatever step it gets its turn, tears what was not on disk, and a check that opens the copy.
 *
 *   table rows    id int4 (unique), v int4 (index), note text (index: long notes, so that four entries fill a leaf)
 */

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { checkDeaths } from '../../../shm/deaths.ts';
import { attachKernel, type Kernel, type KernelHandle, openKernel, STATEMENT_SIMPLE } from '../../../engine/api/kernel.ts';
import { type KernelOptions, systemWorld } from '../../../engine/api/kernel-options.ts';
import type { Table } from '../../../engine/api/table.ts';
import { BATCH_MAGIC } from '../../../engine/storage/log/batch.ts';
import { writtenLsn } from '../../../engine/storage/log/flush.ts';
import type { Log } from '../../../engine/storage/log/log-context.ts';
import { LOG_BATCH_BYTES, logBatchLength, logBatchLsn, logBatchMagic } from '../../../engine/storage/log/log-batch.layout.gen.ts';
import type { ByteViews } from '../../../engine/storage/rows/byte-views.ts';
import { isLockFile } from '../../../engine/storage/vfs/directory-lock.ts';
import { RealVfs } from '../../../engine/storage/vfs/real-vfs.ts';
import type { OpenMode, VfsFile } from '../../../engine/storage/vfs/vfs.ts';
import {
  COMMIT_STAMP,
  ROW_DONE,
  ROW_GONE,
  ROW_PAGE,
  ROW_SLOT,
  type RowStatus,
  type Transaction,
} from '../../../engine/txn/transactions.ts';
import type { SessionResult } from '../case.ts';

export interface KernelPayload {
  readonly handle: KernelHandle;
  readonly directory: string;
  /** Ids of the run's rows, all committed with v = 0 and an empty note. */
  readonly ids: readonly number[];
  /** Where a crash puts its copy. */
  readonly copy: string;
  /** Words for the sessions to tell each other what they did. */
  readonly words: Int32Array;
  /** [0]: position up to which the log has been synced; the kernel's own word follows a moment later. */
  readonly synced: Float64Array;
}

const OPTIONS: KernelOptions = {
  pool: 0,
  cacheSize: '8MB',
  logRing: '256KB',
  logSegment: '256KB',
  heapSize: '8MB',
  versionSize: '4MB',
  versionChunk: 16384,
  transactionSlots: 8,
  threads: 8,
  sessions: 64,
};

/** Each run's rows have ids of their own: those of a run begin at a multiple of this. */
export const IDS = 1000;

/** The real disk; what a sync of the log has made durable is noted. */
class NotingVfs extends RealVfs {
  log: Log | null = null;
  synced: Float64Array | null = null;

  override open(path: string, mode: OpenMode): VfsFile {
    const file = super.open(path, mode);
    if (!path.includes('/log/')) return file;
    const sync = file.sync.bind(file);
    file.sync = () => {
      const written = this.log === null ? 0 : writtenLsn(this.log);
      sync();
      if (this.synced !== null && written > this.synced[0]) this.synced[0] = written;
    };
    return file;
  }
}

/** Of all runs of a process, and of each session's thread. */
const synced = new Float64Array(new SharedArrayBuffer(8));
const vfs = new NotingVfs();

let own: { kernel: Kernel; directory: string; rows: Rows } | null = null;
let run = 0;

/** A table as a session works on it: statements that begin, find, change. */
export class Rows {
  readonly kernel: Kernel;
  readonly table: Table;
  readonly found: ByteViews;
  readonly image: ByteViews;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.table = kernel.table('rows');
    this.found = this.table.newRow();
    this.image = this.table.newRow();
  }

  /** One statement; ROW_DONE, ROW_GONE or ROW_DUPLICATE. */
  write(tx: Transaction, body: (tx: Transaction) => RowStatus): RowStatus {
    return this.kernel.statement(tx, STATEMENT_SIMPLE, true, body);
  }

  insert(tx: Transaction, id: number, v: number, note = ''): RowStatus {
    return this.write(tx, () => {
      this.table.encode(this.image, [id, v, note], tx);
      return this.table.insert(tx, this.image);
    });
  }

  /** Writes what `change` makes of v. */
  update(tx: Transaction, id: number, change: (v: number) => number, note?: string): RowStatus {
    return this.write(tx, () => {
      if (!this.table.find(tx, 'rows_id', [id], this.found)) return ROW_GONE;
      const page = tx.ints[ROW_PAGE];
      const slot = tx.ints[ROW_SLOT];
      const [, v, before] = this.table.decode(this.found) as [number, number, string];
      this.table.encode(this.image, [id, change(v), note ?? before], tx);
      return this.table.update(tx, page, slot, this.image);
    });
  }

  remove(tx: Transaction, id: number): RowStatus {
    return this.write(tx, () => {
      if (!this.table.find(tx, 'rows_id', [id], this.found)) return ROW_GONE;
      return this.table.remove(tx, tx.ints[ROW_PAGE], tx.ints[ROW_SLOT]);
    });
  }

  /** v of the row with this id; null when the transaction sees none. */
  read(tx: Transaction, id: number): number | null {
    let v: number | null = null;
    this.kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
      v = this.table.find(tx, 'rows_id', [id], this.found) ? (this.table.decode(this.found)[1] as number) : null;
      return ROW_DONE;
    });
    return v;
  }

  /** Ids of the run's rows with this v, found through the index on v. */
  idsWith(tx: Transaction, v: number, ids: readonly number[]): number[] {
    const seen: number[] = [];
    this.kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
      this.table.range(tx, 'rows_v', [v], [v], (values) => {
        if (ids.includes(values[0] as number)) seen.push(values[0] as number);
      });
      return ROW_DONE;
    });
    return seen.sort((a, b) => a - b);
  }

  /** The same through the heap: [id, v] of the run's rows. */
  scan(tx: Transaction, ids: readonly number[]): [number, number][] {
    const seen: [number, number][] = [];
    const first = Math.floor(ids[0] / IDS) * IDS;
    this.kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
      this.table.scan(tx, ([id, v]) => {
        if ((id as number) >= first && (id as number) < first + IDS) seen.push([id as number, v as number]);
      });
      return ROW_DONE;
    });
    return seen.sort((a, b) => a[0] - b[0]);
  }

  /** A transaction of its own around `body`. Returns the stamp of its commit. */
  transact(body: (tx: Transaction) => void): number {
    const tx = this.kernel.begin();
    try {
      body(tx);
      const { times } = tx;
      this.kernel.commit(tx);
      return times[COMMIT_STAMP];
    } catch (error) {
      if (tx.open) this.kernel.rollback(tx);
      throw error;
    }
  }

  /** v in a transaction of its own. */
  readNow(id: number): number | null {
    const tx = this.kernel.begin({ readOnly: true });
    const v = this.read(tx, id);
    this.kernel.rollback(tx);
    return v;
  }
}

function openOwn(): NonNullable<typeof own> {
  if (own !== null) return own;
  const directory = mkdtempSync(join(tmpdir(), 'interleave-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const kernel = openKernel(join(directory, 'database'), { ...OPTIONS, durability: 'commit', world: { ...systemWorld(), vfs } });
  vfs.log = kernel.parts.log;
  vfs.synced = synced;
  kernel.createTable({
    name: 'rows',
    columns: [
      { name: 'id', kind: 'int32', nullable: false },
      { name: 'v', kind: 'int32', nullable: false },
      { name: 'note', kind: 'text', nullable: false },
    ],
    indexes: [
      { name: 'rows_id', columns: ['id'], unique: true },
      { name: 'rows_v', columns: ['v'] },
      { name: 'rows_note', columns: ['note'] },
    ],
  });
  own = { kernel, directory, rows: new Rows(kernel) };
  return own;
}

export const ownRows = (): Rows => openOwn().rows;

/** On the scheduler's thread, before each run: committed rows with fresh ids, the rest of the run's thousand ids free. */
export function freshRun(count: number, note = ''): KernelPayload {
  const { kernel, directory, rows } = openOwn();
  run++;
  // Sessions of earlier cases have ended with their threads: their slots are for those that come.
  checkDeaths(kernel.parts.shm);
  const ids = Array.from({ length: count }, (_, at) => run * IDS + at);
  rows.transact((tx) => {
    for (const id of ids) rows.insert(tx, id, 0, note === '' ? '' : `${note}${id}`);
  });
  kernel.tidy();
  return {
    handle: kernel.handle,
    directory: join(directory, 'database'),
    ids,
    copy: join(directory, `crash-${run}`),
    words: new Int32Array(new SharedArrayBuffer(64)),
    synced,
  };
}

/** The same for a case with a crash: recovery of its copy begins here. */
export function freshCrash(count: number, note = ''): KernelPayload {
  const payload = freshRun(count, note);
  ownRows().kernel.checkpoint();
  return payload;
}

let joined: Rows | null = null;

/** On a session's thread: the table, attached in its first run. */
export function sessionRows(payload: KernelPayload): Rows {
  if (joined === null) {
    vfs.synced = payload.synced;
    const kernel = attachKernel(payload.handle, { ...systemWorld(), vfs });
    vfs.log = kernel.parts.log;
    joined = new Rows(kernel);
  }
  return joined;
}

/** Removes the run's rows and copy; checks that nothing is held back. */
export function endRun(payload: KernelPayload): void {
  rmSync(payload.copy, { recursive: true, force: true });
}

/** Throws the first session's error, if any. */
export function allDone<Value>(results: readonly SessionResult<Value>[]): Value[] {
  return results.map((result) => {
    if (!result.ok) throw new Error(result.message);
    return result.value;
  });
}

/** Every page, row chain and index entry of the living database is sound. */
export function checkOwn(): void {
  const { problems } = ownRows().kernel.check();
  if (problems.length > 0) throw new Error(problems.map((problem) => problem.what).join('; '));
}

/**
 * The crash, at the step at which a session is: the files as they are, but batches of the log that were not synced are torn. Other
 * files keep what was written to them: what a sync would have to order is for the simulated disk.
 */
export function crash(payload: KernelPayload): void {
  cpSync(payload.directory, payload.copy, { recursive: true, filter: (path) => !isLockFile(basename(path)) });
  const log = join(payload.copy, 'log');
  for (const file of readdirSync(log)) tearBehind(join(log, file), payload.synced[0]);
}

function tearBehind(path: string, durable: number): void {
  const bytes = readFileSync(path);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const u32 = new Uint32Array(buffer);
  const f64 = new Float64Array(buffer);
  let torn = false;
  for (let at = 0; at + LOG_BATCH_BYTES <= buffer.byteLength; at += 512) {
    if (logBatchMagic(u32, at) !== BATCH_MAGIC || logBatchLsn(f64, at) + logBatchLength(u32, at) <= durable) continue;
    u32[(at + LOG_BATCH_BYTES) >> 2] ^= 0x5a5a5a5a;
    torn = true;
  }
  if (torn) writeFileSync(path, new Uint8Array(buffer));
}

/** Opens the copy, checks all of it, and hands it to `body`. */
export function afterCrash(payload: KernelPayload, body: (rows: Rows) => void): void {
  const kernel = openKernel(payload.copy, OPTIONS);
  try {
    const { problems } = kernel.check();
    if (problems.length > 0) throw new Error(problems.map((problem) => problem.what).join('; '));
    body(new Rows(kernel));
  } finally {
    kernel.close();
  }
}
