/**
 * One story on the simulated disk, all of it from one seed: a few sessions in one thread, interleaved statement by statement,
 * and chapter after chapter something goes wrong.
 *
 *   crash          the machine goes down in a random operation: synced bytes last, of the others any part
 *   crashOpening   it goes down while the database is opened, or recovered
 *   full           no room: writes stop with 53100, reads go on, writes go on when there is room again
 *   failing        a write, sync or read fails with EIO: the handle is poisoned, opening again recovers
 *   close          nothing goes wrong
 *   rot            the last chapter of some stories: bits flip on the disk; damage is reported, or nobody is harmed
 *
 * After each chapter the database is opened and compared with the model.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kernel, openKernel } from '../../engine/api/kernel.ts';
import type { KernelOptions } from '../../engine/api/kernel-options.ts';
import { SimulatedVfs } from '../../engine/storage/vfs/simulated-vfs.ts';
import { ManualClock, SeededRandom } from '../../engine/storage/world.ts';
import { describeError, DISK_FULL, expect, isDamage, isFatal, sqlCode, TortureFailure } from './failure.ts';
import type { ModelSizes } from './model.ts';
import { type Ledger, TortureSession } from './session.ts';
import { createTables, findTables } from './tables.ts';
import { stepTaken } from './progress.ts';
import { type Known, knownRows, nothingKnown, verifyModel } from './verify.ts';

export interface StoryOutcome {
  commits: number;
  crashes: number;
  fullDisks: number;
  failedOperations: number;
  rotten: number;
  /** Rotten disks on which damage was met and reported. */
  damageFound: number;
}

export const newOutcome = (): StoryOutcome => ({
  commits: 0,
  crashes: 0,
  fullDisks: 0,
  failedOperations: 0,
  rotten: 0,
  damageFound: 0,
});

export type Chapter = 'crash' | 'crashOpening' | 'full' | 'failing' | 'close';

export const DIRECTORY = '/database';
const KIB = 1024;

/** Sizes and options of a story: mostly hostile. */
export function storyOptions(random: SeededRandom): { options: KernelOptions; sizes: ModelSizes; sessions: number } {
  const threads = 2;
  const options: KernelOptions = {
    threads,
    cacheSize: 8 * KIB * (random.chance(0.5) ? 4 * threads : 32 + random.below(200)),
    logRing: 64 * KIB * (random.chance(0.6) ? 1 : 4),
    logSegment: (random.chance(0.5) ? 128 : 512) * KIB,
    checkpointEvery: (random.chance(0.5) ? 100 : 1000) * KIB,
    heapSize: 4096 * KIB,
    versionSize: 1024 * KIB,
    versionChunk: 16 * KIB,
    transactionSlots: random.chance(0.5) ? 8 : 64,
    sessions: 16,
    pool: 0,
    durability: 'commit',
    firstTransaction: random.chance(0.5) ? 2 ** 32 - 1 - random.below(40) : 0,
  };
  const sizes: ModelSizes = {
    noteMax: random.chance(0.5) ? 100 : 1500,
    hugeNote: random.chance(0.2) ? 280_000 : 9_000 + random.below(20_000),
    changesMax: 1 + random.below(8),
    keys: random.chance(0.5) ? 20 : 150,
  };
  return { options, sizes, sessions: 2 + random.below(3) };
}

/** Thrown where the machine has gone down: whatever the engine made of it. */
class MachineDown extends Error {}

export class Story {
  readonly seed: number;
  readonly outcome: StoryOutcome = newOutcome();
  disk: SimulatedVfs;
  readonly known: Known;
  readonly random: SeededRandom;
  /** What happened so far, for people. */
  readonly log: string[] = [];
  readonly #clock = new ManualClock(1_700_000_000_000_000, 3);
  readonly #options: KernelOptions;
  #sessions: TortureSession[] = [];
  #opened = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.random = new SeededRandom(`story ${seed}`);
    this.disk = new SimulatedVfs({ seed });
    const { options, sizes, sessions } = storyOptions(this.random.split('options'));
    this.#options = options;
    this.known = nothingKnown(seed, sizes, sessions);
    this.log.push(`${sessions} sessions, ${JSON.stringify(options)}, ${JSON.stringify(sizes)}`);
  }

  // ---- the pieces ----

  open(): Kernel {
    this.#opened++;
    const world = { vfs: this.disk, clock: this.#clock, random: this.random.split(`world ${this.#opened}`) };
    return openKernel(DIRECTORY, { ...this.#options, world });
  }

  #ledger(): Ledger {
    const { disk, known, outcome } = this;
    return {
      begun: (session, number) => {
        known.sessions[session].begun = Math.max(known.sessions[session].begun, number);
      },
      acknowledged: (session, number) => {
        // An answer that comes when the machine is down reaches nobody.
        if (disk.isDown || disk !== this.disk) return;
        known.sessions[session].acknowledged = Math.max(known.sessions[session].acknowledged, number);
        outcome.commits++;
      },
    };
  }

  /** Opens, compares with the model, makes the tables if they are missing, and begins the sessions. */
  openAndVerify(): Kernel {
    const kernel = this.open();
    this.verify(kernel);
    if (!this.known.created) {
      createTables(kernel, this.known.sessions.length);
      this.known.created = true;
    }
    const tables = findTables(kernel);
    expect(tables !== null, () => 'tables that were created are not found');
    const ledger = this.#ledger();
    const styleSeed = this.random.split(`style ${this.#opened}`).int32();
    this.#sessions = this.known.sessions.map(({ number }, session) => {
      const settings = { seed: this.seed, session, sizes: this.known.sizes, styleSeed, pipelined: true };
      return new TortureSession(kernel, tables, settings, number, knownRows(this.known, session), ledger);
    });
    return kernel;
  }

  verify(kernel: Kernel): void {
    stepTaken();
    const { problems } = kernel.check();
    expect(
      problems.length === 0,
      () => `check() says:\n  ${problems.map((problem) => `${problem.file} page ${problem.page}: ${problem.what}`).join('\n  ')}`,
    );
    verifyModel(kernel, this.known);
  }

  /** Lets the sessions take turns for so many statements. */
  async work(statements: number, random: SeededRandom): Promise<void> {
    for (let statement = 0; statement < statements; statement++) {
      stepTaken();
      const ready = this.#sessions.filter((session) => !session.isWaiting);
      if (ready.length > 0) ready[random.below(ready.length)].step();
      if (ready.length === 0 || (statement % 16 === 15 && this.#pending > 0)) await nextTurn();
      if (this.disk.isDown) throw new MachineDown();
    }
  }

  get #pending(): number {
    return this.#sessions.reduce((sum, session) => sum + session.pendingCommits, 0);
  }

  async drain(): Promise<void> {
    for (let turn = 0; this.#pending > 0; turn++) {
      stepTaken();
      expect(turn < 2000, () => 'pipelined commits are not answered');
      await nextTurn();
      if (this.disk.isDown) throw new MachineDown();
      for (const session of this.#sessions) if (session.failure !== undefined) throw session.failure;
    }
  }

  async closeAll(kernel: Kernel): Promise<void> {
    for (const session of this.#sessions) session.rollBack();
    await this.drain();
    for (const session of this.#sessions) session.close();
    kernel.close();
  }

  /** Takes the machine down; the next open finds what survived. */
  crash(): void {
    this.disk = this.disk.crash();
    this.outcome.crashes++;
  }

  // ---- chapters ----

  async run(): Promise<StoryOutcome> {
    const chapters = 2 + this.random.below(4);
    for (let number = 0; number < chapters; number++) {
      const random = this.random.split(`chapter ${number}`);
      const chapter = drawChapter(random.next());
      this.log.push(chapter);
      await this.#chapter(chapter, random);
    }
    if (this.random.chance(0.3)) await this.#rot(this.random.split('rot'));
    else await this.#end();
    return this.outcome;
  }

  async #chapter(chapter: Chapter, random: SeededRandom): Promise<void> {
    try {
      if (chapter === 'crash') await this.#crashChapter(random);
      else if (chapter === 'crashOpening') await this.#openingChapter(random);
      else if (chapter === 'full') await this.#fullChapter(random);
      else if (chapter === 'failing') await this.#failingChapter(random);
      else await this.#closeChapter(random);
    } catch (error) {
      // Whatever the engine makes of a machine that goes down: nobody is there any more to hear it.
      if (!this.disk.isDown || error instanceof TortureFailure) throw error;
    }
    if (this.disk.isDown) this.crash();
  }

  async #crashChapter(random: SeededRandom): Promise<void> {
    this.openAndVerify();
    const most = random.chance(0.3) ? 20 : random.chance(0.5) ? 150 : 800;
    this.disk.plan({ crashAfter: random.below(most) });
    await this.work(1500, random);
    this.crash();
  }

  async #openingChapter(random: SeededRandom): Promise<void> {
    this.disk.plan({ crashAfter: random.below(random.chance(0.5) ? 25 : 120) });
    this.openAndVerify();
    await this.work(100, random);
    this.crash();
  }

  async #closeChapter(random: SeededRandom): Promise<void> {
    const kernel = this.openAndVerify();
    await this.work(random.below(300), random);
    if (random.chance(0.3)) this.disk.plan({ crashAfter: random.below(40) });
    await this.closeAll(kernel);
    this.disk.plan({ crashAfter: Number.POSITIVE_INFINITY });
    if (random.chance(0.5)) this.crash();
  }

  async #fullChapter(random: SeededRandom): Promise<void> {
    const kernel = this.openAndVerify();
    await this.work(random.below(100), random);
    this.disk.plan({ freeBytes: random.chance(0.3) ? 0 : random.below(300_000) });
    const refusals = (): number => this.#sessions.reduce((sum, session) => sum + (session.retries.get(DISK_FULL) ?? 0), 0);
    for (let turn = 0; turn < 60 && refusals() < 3; turn++) await this.work(20, random);
    if (refusals() > 0) this.outcome.fullDisks++;
    await this.drain();
    verifyModel(kernel, this.known);
    if (random.chance(0.2)) {
      this.crash();
      this.#openFull(random);
      return;
    }
    this.disk.plan({ freeBytes: null });
    await this.#mustGoOn(random);
    if (random.chance(0.5)) await this.closeAll(kernel);
    else this.crash();
  }

  /** Opening while there is hardly any room: it works, or says what is missing; with room it works. */
  #openFull(random: SeededRandom): void {
    this.disk.plan({ freeBytes: random.below(200_000) });
    try {
      const kernel = this.open();
      this.verify(kernel);
    } catch (error) {
      if (sqlCode(error) !== DISK_FULL) throw error;
      this.log.push('the disk was too full to open');
    }
    this.disk.plan({ freeBytes: null });
    this.crash();
  }

  /** Every session commits again. */
  async #mustGoOn(random: SeededRandom): Promise<void> {
    const before = this.#sessions.map((session) => session.number);
    for (let turn = 0; turn < 400; turn++) {
      await this.work(10, random);
      if (this.#sessions.every((session, index) => session.number > before[index])) return;
    }
    throw new TortureFailure('there is room on the disk again, but not every session can commit');
  }

  async #failingChapter(random: SeededRandom): Promise<void> {
    const kernel = this.openAndVerify();
    await this.work(random.below(100), random);
    const fault = (['failWrite', 'failSync', 'failRead', 'shortRead'] as const)[random.below(4)];
    const only = ['', '/log/', '/data', '/double-write'][random.below(4)];
    const failedSync = (['dropsDirty', 'keepsDirty', 'revertsToDisk'] as const)[random.below(3)];
    this.disk.plan({ [fault]: 1 + random.below(12), only, failedSync });
    this.log.push(`${fault} ${only} ${failedSync}`);
    const failure = await this.#workUntilFailure(random);
    this.disk.plan({ [fault]: 0, only: '' });
    if (failure === null) return this.crash();
    this.outcome.failedOperations++;
    this.log.push(describeError(failure).slice(0, 200));
    const readFault = fault === 'failRead' || fault === 'shortRead';
    // A read that failed may have looked like damage; a write that failed may not.
    expect(
      isFatal(failure) || (readFault && isDamage(failure)),
      () => `a disk that fails is reported as ${describeError(failure)}`,
    );
    if (sqlCode(failure) === '57P02') await this.#mustStayPoisoned(random);
    else if (random.chance(0.5)) await this.#workUntilFailure(random, 100);
    if (failedSync !== 'keepsDirty' || random.chance(0.5)) return this.crash();
    this.#reopenInPlace(kernel);
  }

  async #workUntilFailure(random: SeededRandom, statements = 600): Promise<unknown> {
    try {
      await this.work(statements, random);
      await this.drain();
      return null;
    } catch (error) {
      if (error instanceof TortureFailure || this.disk.isDown) throw error;
      return this.#rollBackAll() ?? error;
    }
  }

  /** The failed operation was a statement's: its transaction can be rolled back, or else the handle is poisoned. */
  #rollBackAll(): unknown {
    let poison: unknown = null;
    for (const session of this.#sessions) {
      try {
        session.rollBack();
      } catch (error) {
        if (!isFatal(error) && !isDamage(error)) throw error;
        if (sqlCode(error) === '57P02') poison = error;
        // The planned fault may have waited for this very rollback; it happens once.
        else session.rollBack();
      }
    }
    return poison;
  }

  /** No session gets another commit acknowledged. */
  async #mustStayPoisoned(random: SeededRandom): Promise<void> {
    // Those were on their way when it happened; what was on the disk by then may still be answered.
    const before = this.known.sessions.map((session) => session.begun);
    for (let turn = 0; turn < 20; turn++) {
      try {
        await this.work(1, random);
      } catch (error) {
        if (!isFatal(error)) throw error;
      }
    }
    const late = this.known.sessions.some((session, index) => session.acknowledged > before[index]);
    expect(!late, () => 'a poisoned handle has taken and acknowledged a commit');
  }

  /** The handle is given up and the directory opened again in the same process. */
  #reopenInPlace(kernel: Kernel): void {
    this.#rollBackAll();
    try {
      kernel.close();
    } catch (error) {
      expect(isFatal(error), () => `closing a poisoned handle ends with ${describeError(error)}`);
    }
    const again = this.open();
    this.verify(again);
    again.close();
  }

  /** Without faults: what is there is right, also after closing and opening once more. */
  async #end(): Promise<void> {
    this.log.push('end');
    const kernel = this.openAndVerify();
    await this.work(60, this.random);
    await this.closeAll(kernel);
    const again = this.open();
    this.verify(again);
    again.close();
  }

  // ---- rot ----

  async #rot(random: SeededRandom): Promise<void> {
    const kernel = this.openAndVerify();
    await this.work(200, random);
    const clean = random.chance(0.5);
    if (clean) await this.closeAll(kernel);
    else this.crash();
    this.outcome.rotten++;
    const paths = Object.entries(this.disk.snapshot()).filter(
      ([path, { durableSize }]) => durableSize > 0 && (clean || !path.includes('/log/')),
    );
    const [path] = paths[random.below(paths.length)];
    const flipped = this.disk.flipBits(path, 1 + random.below(12));
    this.log.push(`rot in ${path}: ${flipped.map(([offset, bit]) => `${offset}.${bit}`).join(' ')}`);
    if (this.#readRotten()) this.outcome.damageFound++;
  }

  /** True when damage was met. Anything that is read is right; anything that cannot be read says why, and where. */
  #readRotten(): boolean {
    const damages: unknown[] = [];
    const note = (error: unknown): void => {
      expect(isDamage(error), () => `rot was met and reported as ${describeError(error)}`);
      const { message } = error as Error;
      expect(/\/(data|log|double-write|temporary)\b/.test(message), () => `damage without its file: ${message}`);
      damages.push(error);
    };
    try {
      const kernel = this.open();
      verifyModel(kernel, this.known, note);
      const { problems } = kernel.check();
      expect(
        damages.length === 0 || problems.length > 0,
        () => `reading met damage that check() does not find: ${describeError(damages[0])}`,
      );
    } catch (error) {
      if (error instanceof TortureFailure) throw error;
      note(error);
    }
    return damages.length > 0;
  }
}

const CHAPTERS: readonly (readonly [Chapter, number])[] = [
  ['crash', 0.42],
  ['crashOpening', 0.2],
  ['full', 0.13],
  ['failing', 0.15],
  ['close', 0.1],
];

function drawChapter(draw: number): Chapter {
  let left = draw;
  for (const [chapter, share] of CHAPTERS) {
    if (left < share) return chapter;
    left -= share;
  }
  return 'crash';
}

/** Runs the story of a seed. What it throws says how it went up to there. */
export async function runStory(seed: number): Promise<StoryOutcome> {
  const story = new Story(seed);
  try {
    return await story.run();
  } catch (error) {
    throw new TortureFailure(`seed ${seed}: ${describeError(error)}\nthe story:\n  ${story.log.join('\n  ')}`);
  }
}
