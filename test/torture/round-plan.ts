/**
 * What a round of the torture run does: which of the databases, with which sizes, and how it ends. All of it follows from
 * (seed, round), so that a round can be repeated as far as threads and kills repeat at all.
 */

import type { KernelOptions } from '../../engine/api/kernel-options.ts';
import { generator, type ModelSizes, ORDINARY_SIZES } from './model.ts';

/** Worker threads of a victim, and sessions of each. */
export const WORKERS = 2;
export const SESSIONS_A_WORKER = 3;
export const SESSIONS: number = WORKERS * SESSIONS_A_WORKER;

export type Ending =
  /** kill -9 in the middle of the work. */
  | 'kill'
  /** kill -9 while the database is opened, which after a kill means: during recovery. */
  | 'killOpening'
  /** kill -9 at any time from the start of the process on. */
  | 'killAtStart'
  /** One worker thread is terminated at work; the others go on, or find the handle poisoned. */
  | 'terminate'
  /** The process leaves without closing. */
  | 'exit'
  /** Everything is closed as it should be. */
  | 'close';

/** plain and hostile are driven by the kernel's interface, the others by SQL. */
export type DatabaseName = 'plain' | 'hostile' | 'sql' | 'sqlTiny' | 'sqlRelaxed';

export const isSql = (database: DatabaseName): boolean => database.startsWith('sql');

/** Sessions of each worker thread: through SQL one on its own connection, and others on its event loop. */
export const sessionsAWorker = (database: DatabaseName): number => (isSql(database) ? 4 : SESSIONS_A_WORKER);

/** Which of them a run works on. */
export const DATABASES: { readonly [part: string]: readonly DatabaseName[] } = {
  all: ['plain', 'sql', 'hostile', 'sqlTiny', 'sqlRelaxed'],
  kernel: ['plain', 'hostile'],
  sql: ['sql', 'sqlTiny', 'sqlRelaxed'],
};

export interface RoundPlan {
  readonly round: number;
  readonly database: DatabaseName;
  readonly ending: Ending;
  /** Milliseconds: of work before the end; for kills at the start from the process's start, or from its opening. */
  readonly after: number;
  /** The verifier leaves without closing: what it recovered is recovered again. */
  readonly verifierLeaves: boolean;
  readonly options: KernelOptions;
  readonly styleSeed: number;
}

export const DATABASE_SIZES: { readonly [name in DatabaseName]: ModelSizes } = {
  plain: ORDINARY_SIZES,
  // The huge note is more than four times the log ring.
  hostile: { noteMax: 1500, hugeNote: 300_000, changesMax: 10, keys: 200 },
  sql: { ...ORDINARY_SIZES, keys: 150 },
  sqlTiny: { noteMax: 600, hugeNote: 300_000, changesMax: 6, keys: 60 },
  sqlRelaxed: { ...ORDINARY_SIZES, changesMax: 4, keys: 60 },
};

const KIB = 1024;

/** Ordinary sizes, but small enough that pages are driven out and checkpoints happen. */
const PLAIN: KernelOptions = {
  cacheSize: 4096 * KIB,
  logRing: 1024 * KIB,
  logSegment: 4096 * KIB,
  checkpointEvery: 4096 * KIB,
  heapSize: 32 * 1024 * KIB,
  versionSize: 32 * 1024 * KIB,
  threads: 16,
  sessions: 64,
};

/** Everything as small as it goes: four frames a thread, a ring shorter than a value, eight slots, numbers about to wrap. */
const HOSTILE: KernelOptions = {
  cacheSize: 4 * 10 * 8 * KIB,
  logRing: 64 * KIB,
  logSegment: 1024 * KIB,
  checkpointEvery: 1024 * KIB,
  heapSize: 16 * 1024 * KIB,
  versionSize: 4 * 1024 * KIB,
  versionChunk: 16 * KIB,
  transactionSlots: 8,
  threads: 10,
  sessions: 16,
  firstTransaction: 2 ** 32 - 300,
};

/** As small as SQL with its catalog goes: a ring shorter than a value, few frames, few slots. */
const SQL_TINY: KernelOptions = { ...HOSTILE, cacheSize: 4 * 16 * 8 * KIB, transactionSlots: 16, threads: 12, sessions: 64 };

const OPTIONS: { readonly [name in DatabaseName]: KernelOptions } = {
  plain: PLAIN,
  hostile: HOSTILE,
  sql: PLAIN,
  sqlTiny: SQL_TINY,
  sqlRelaxed: PLAIN,
};

const ENDINGS: readonly (readonly [Ending, number])[] = [
  ['kill', 0.5],
  ['killOpening', 0.15],
  ['killAtStart', 0.08],
  ['terminate', 0.1],
  ['exit', 0.05],
  ['close', 0.12],
];

/** The plan of a round. `workMax`: longest work in milliseconds. */
export function planRound(
  seed: number,
  round: number,
  workMax: number,
  databases: readonly DatabaseName[] = DATABASES.kernel,
): RoundPlan {
  const random = generator(Math.imul(seed, 0x2c1b3c6d) ^ Math.imul(round, 0x297a2d39));
  // Drawn a few times: neighbouring seeds start alike.
  for (let turn = 0; turn < 4; turn++) random();
  const database = databases[(round - 1) % databases.length];
  // A database's first round is one that works: there must be something to lose.
  const ending = round <= databases.length ? 'kill' : drawEnding(random());
  const after = Math.round(
    ending === 'killOpening'
      ? random() * 60
      : ending === 'killAtStart'
        ? random() * 400
        : (0.15 + 0.85 * random()) * workMax * (isSql(database) ? 2 : 1),
  );
  const pool = random() < 0.5 ? 'auto' : 0;
  const verifierLeaves = random() < 0.4;
  const relaxed = random() < 0.5 ? 'relaxed' : 'off';
  const options: KernelOptions = { ...OPTIONS[database], pool, durability: database === 'sqlRelaxed' ? relaxed : 'commit' };
  return { round, database, ending, after, verifierLeaves, options, styleSeed: Math.floor(random() * 2 ** 31) };
}

function drawEnding(draw: number): Ending {
  let left = draw;
  for (const [ending, share] of ENDINGS) {
    if (left < share) return ending;
    left -= share;
  }
  return 'kill';
}
