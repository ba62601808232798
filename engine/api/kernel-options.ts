/**
 * What openKernel() can be told, with a default for everything, and the checks on it.
 */

import { availableParallelism } from 'node:os';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { RealVfs } from '../storage/vfs/real-vfs.ts';
import { SystemClock, systemRandom, type World } from '../storage/world.ts';
import type { Durability } from '../storage/log/log-context.ts';

export interface KernelOptions {
  /** Page cache, in bytes or as '256MB'. 256 MiB. */
  cacheSize?: number | string;
  /** Log ring in memory: a power of two. 16 MiB. */
  logRing?: number | string;
  /** Variable-size shared memory: undo lists, row locks, jobs. 320 MiB of address space, committed when used. */
  heapSize?: number | string;
  /** Back versions in memory; beyond it they spill to temporary pages. 1 GiB of address space, committed when used. */
  versionSize?: number | string;
  /** A log file; fixed when the database is created. 64 MiB. */
  logSegment?: number | string;
  /** Log volume after which a checkpoint is made. 512 MiB. */
  checkpointEvery?: number | string;
  /** 'commit': a commit is answered when it is on disk. 'relaxed': the log follows within some milliseconds. 'off': when it likes. */
  durability?: Durability;
  /** Threads that may be attached at once. 128. */
  threads?: number;
  /** Transactions that may write at once: a power of two. 1,024. */
  transactionSlots?: number;
  /** Sessions. 4,096. */
  sessions?: number;
  /** Bytes of a version chunk: a power of two, 16 KiB to 64 KiB. */
  versionChunk?: number;
  /** Background threads: 'auto' starts them when there is work for them; 0 never: callers do the work in slices. */
  pool?: 'auto' | number;
  /** Milliseconds between two looks at the tables whose statistics may be out of date; 0: ANALYZE is left to you. 10,000. */
  analyzeEvery?: number;
  /** Statistics are gathered anew after so many changed rows ... 50. */
  analyzeThreshold?: number;
  /** ... and such a part of the table's rows. 0.1. */
  analyzeScale?: number;
  /** Disk, clock and random numbers; tests give others. Threads that attach make their own of the system's. */
  world?: World;
  /** First transaction number of a new database: tests begin near the wrap. */
  firstTransaction?: number;
}

/** The same, checked and complete: plain data, but for the world. */
export interface KernelSettings {
  readonly cacheBytes: number;
  readonly ringBytes: number;
  readonly heapBytes: number;
  readonly versionBytes: number;
  readonly segmentBytes: number;
  readonly checkpointBytes: number;
  readonly durability: Durability;
  readonly threads: number;
  readonly transactionSlots: number;
  readonly sessions: number;
  readonly chunkBytes: number;
  readonly poolThreads: number;
  readonly firstTransaction: number;
  readonly analyzeEvery: number;
  readonly analyzeThreshold: number;
  readonly analyzeScale: number;
}

const MIB = 1 << 20;
const UNITS: { readonly [unit: string]: number } = { B: 1, KB: 1024, MB: MIB, GB: 1024 * MIB };

/** Bytes of a size: a number, or a number with KB, MB or GB. 22023 for anything else. */
export function sizeInBytes(what: string, size: number | string): number {
  if (typeof size === 'number' && Number.isSafeInteger(size) && size > 0) return size;
  const parts = typeof size === 'string' ? /^(\d+(?:\.\d+)?)\s*([KMG]?B)$/i.exec(size.trim()) : null;
  if (parts === null) {
    throw new SqlError(SQLSTATE.invalid_parameter_value, `${what} is not a size: ${String(size)}`, {
      hint: "give bytes as a number, or a text such as '256MB'",
    });
  }
  return Math.floor(Number(parts[1]) * UNITS[parts[2].toUpperCase()]);
}

/** Fills in the defaults. 22023 names what is wrong. */
export function kernelSettings(options: KernelOptions): KernelSettings {
  const settings: KernelSettings = {
    cacheBytes: sizeInBytes('cacheSize', options.cacheSize ?? 256 * MIB),
    ringBytes: sizeInBytes('logRing', options.logRing ?? 16 * MIB),
    heapBytes: sizeInBytes('heapSize', options.heapSize ?? 320 * MIB),
    versionBytes: sizeInBytes('versionSize', options.versionSize ?? 1024 * MIB),
    segmentBytes: sizeInBytes('logSegment', options.logSegment ?? 64 * MIB),
    checkpointBytes: sizeInBytes('checkpointEvery', options.checkpointEvery ?? 512 * MIB),
    durability: options.durability ?? 'commit',
    threads: options.threads ?? 128,
    transactionSlots: options.transactionSlots ?? 1024,
    sessions: options.sessions ?? 4096,
    chunkBytes: options.versionChunk ?? 65536,
    poolThreads: options.pool === undefined || options.pool === 'auto' ? availableParallelism() : options.pool,
    firstTransaction: options.firstTransaction ?? 0,
    analyzeEvery: options.analyzeEvery ?? 10_000,
    analyzeThreshold: options.analyzeThreshold ?? 50,
    analyzeScale: options.analyzeScale ?? 0.1,
  };
  powerOfTwo('logRing', settings.ringBytes);
  powerOfTwo('transactionSlots', settings.transactionSlots);
  powerOfTwo('versionChunk', settings.chunkBytes);
  return settings;
}

function powerOfTwo(what: string, value: number): void {
  if (Number.isInteger(Math.log2(value))) return;
  throw new SqlError(SQLSTATE.invalid_parameter_value, `${what} is ${value}`, { hint: 'it must be a power of two' });
}

/** The machine's disk, clock and random numbers. */
export const systemWorld = (): World => ({ vfs: new RealVfs(), clock: new SystemClock(), random: systemRandom() });
