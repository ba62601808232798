/**
 * One story on the simulated disk through SQL, all of it from one seed, in the manner of story.ts: four sessions of one thread, one on
 * the thread's own connection and three on its event loop, and chapter after chapter something goes wrong:
 *
 *   crash          the machine goes down in a random operation, of work, of opening, of recovery
 *   full           no room: changes, definitions and commits end with 53100, reads go on; with room everybody goes on
 *   failing        a write, sync or read fails with EIO: the handle is poisoned, opening again recovers
 *   close          nothing goes wrong
 *
 * After each chapter the database is opened and compared with the model (sql-verify.ts).
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AsyncSession, type Database, open, type OpenOptions, type Statement } from '../../engine/api/api.ts';
import { SimulatedVfs } from '../../engine/storage/vfs/simulated-vfs.ts';
import { ManualClock, SeededRandom } from '../../engine/storage/world.ts';
import { describeError, DISK_FULL, expect, isDamage, isFatal, sqlCode, TortureFailure } from './failure.ts';
import type { ModelSizes } from './model.ts';
import { stepTaken } from './progress.ts';
import { type SqlLedger, SqlTortureSession } from './sql-session.ts';
import { createSchema, verifySql } from './sql-verify.ts';
import { DIRECTORY, newOutcome, type StoryOutcome } from './story.ts';
import { type Known, knownRows, nothingKnown } from './verify.ts';

const KIB = 1024;
const SESSIONS = 4;

function storyOptions(random: SeededRandom): { options: OpenOptions; sizes: ModelSizes } {
  const options: OpenOptions = {
    create: true,
    threads: 2,
    cacheSize: 8 * KIB * (48 + random.below(200)),
    logRing: 64 * KIB * (random.chance(0.6) ? 1 : 4),
    logSegment: (random.chance(0.5) ? 128 : 512) * KIB,
    checkpointEvery: (random.chance(0.5) ? 100 : 1000) * KIB,
    heapSize: 8192 * KIB,
    versionSize: 1024 * KIB,
    versionChunk: 16 * KIB,
    transactionSlots: random.chance(0.5) ? 16 : 64,
    sessions: 32,
    pool: 0,
    durability: 'commit',
    firstTransaction: random.chance(0.5) ? 2 ** 32 - 1 - random.below(40) : 0,
  };
  const sizes: ModelSizes = {
    noteMax: random.chance(0.5) ? 100 : 1500,
    hugeNote: random.chance(0.2) ? 280_000 : 9_000 + random.below(20_000),
    changesMax: 1 + random.below(6),
    keys: random.chance(0.5) ? 20 : 80,
  };
  return { options, sizes };
}

/** What a session is doing: a transaction that has begun, until it has been answered. */
interface Runner {
  readonly session: SqlTortureSession;
  /** Null: on the thread's own connection. */
  readonly connection: AsyncSession | null;
  isBusy: boolean;
}

class SqlStory {
  readonly outcome: StoryOutcome = newOutcome();
  readonly log: string[] = [];
  readonly #seed: number;
  readonly #random: SeededRandom;
  readonly #known: Known;
  readonly #options: OpenOptions;
  readonly #clock = new ManualClock(1_700_000_000_000_000, 3);
  #disk: SimulatedVfs;
  #database: Database | null = null;
  #runners: Runner[] = [];
  #statements = new Map<string, Statement>();
  #opened = 0;
  /** What a session of the event loop has ended with. */
  #failure: unknown = null;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new SeededRandom(`sql story ${seed}`);
    this.#disk = new SimulatedVfs({ seed });
    const { options, sizes } = storyOptions(this.#random.split('options'));
    this.#options = options;
    this.#known = nothingKnown(seed, sizes, SESSIONS);
    this.log.push(`${JSON.stringify(options)}, ${JSON.stringify(sizes)}`);
  }

  // ---- the pieces ----

  #open(): Database {
    this.#opened++;
    const world = { vfs: this.#disk, clock: this.#clock, random: this.#random.split(`world ${this.#opened}`) };
    return open(DIRECTORY, { ...this.#options, world });
  }

  #verify(database: Database, isFull = false): void {
    const { problems } = database.check();
    const listed = problems.map((problem) => `${problem.file} page ${problem.page}: ${problem.what}`);
    expect(problems.length === 0, () => `check() says:\n  ${listed.join('\n  ')}`);
    verifySql(database, this.#known, (error, where) => {
      // Whoever draws from a sequence writes.
      if (!(isFull && where === 'sequences' && sqlCode(error) === DISK_FULL)) throw error;
    });
  }

  #openAndVerify(): Database {
    const database = this.#open();
    this.#verify(database);
    if (!this.#known.created) {
      createSchema(database, SESSIONS);
      this.#known.created = true;
    }
    this.#begin(database);
    return database;
  }

  #begin(database: Database): void {
    const ledger = this.#ledger();
    const styleSeed = this.#random.split(`style ${this.#opened}`).int32();
    this.#database = database;
    this.#failure = null;
    this.#statements = new Map();
    this.#runners = this.#known.sessions.map(({ number }, session) => {
      const settings = { seed: this.#seed, session, sizes: this.#known.sizes, styleSeed, pipelined: true };
      const torture = new SqlTortureSession(settings, number, knownRows(this.#known, session), ledger);
      return { session: torture, connection: session === 0 ? null : database.session(), isBusy: false };
    });
  }

  #ledger(): SqlLedger {
    const disk = this.#disk;
    const known = this.#known;
    // An answer that comes when the machine is down reaches nobody.
    const isHeard = (): boolean => !disk.isDown && disk === this.#disk;
    return {
      begun: (session, number) => {
        if (isHeard()) known.sessions[session].begun = Math.max(known.sessions[session].begun, number);
      },
      acknowledged: (session, number) => {
        if (!isHeard()) return;
        known.sessions[session].acknowledged = Math.max(known.sessions[session].acknowledged, number);
        this.outcome.commits++;
      },
      value: (_session, value) => {
        if (isHeard()) known.value = Math.max(known.value, value);
      },
    };
  }

  /** Lets the sessions take turns for so many transactions, and waits for those that are under way. */
  async #work(transactions: number, random: SeededRandom): Promise<void> {
    for (let count = 0; count < transactions; count++) {
      const free = this.#runners.filter(({ isBusy }) => !isBusy);
      if (free.length > 0) this.#start(free[random.below(free.length)]);
      await nextTurn();
      this.#look();
    }
    await this.#drain();
  }

  #start(runner: Runner): void {
    const { session, connection } = runner;
    if (connection === null) {
      session.runHere(this.#database as Database, this.#statements);
      return;
    }
    runner.isBusy = true;
    const life = this.#opened;
    session.runBeside(connection).then(
      () => void (runner.isBusy = false),
      (error: unknown) => {
        runner.isBusy = false;
        // What is left of an earlier life ends as it likes.
        if (life === this.#opened) this.#failure ??= error ?? new Error('a session failed without saying why');
      },
    );
  }

  async #drain(): Promise<void> {
    for (let turn = 0; this.#runners.some(({ isBusy }) => isBusy); turn++) {
      expect(turn < 20_000, () => 'a session of the event loop is not answered');
      await nextTurn();
      this.#look();
    }
  }

  #look(): void {
    stepTaken();
    if (this.#disk.isDown) throw new Error('the machine is down');
    if (this.#failure !== null) throw this.#failure;
  }

  #crash(): void {
    this.#disk = this.#disk.crash();
    this.outcome.crashes++;
  }

  // ---- chapters ----

  async run(): Promise<void> {
    const chapters = 2 + this.#random.below(3);
    for (let number = 0; number < chapters; number++) {
      const random = this.#random.split(`chapter ${number}`);
      const draw = random.next();
      const chapter = draw < 0.5 ? 'crash' : draw < 0.7 ? 'full' : draw < 0.9 ? 'failing' : 'close';
      this.log.push(chapter);
      await this.#chapter(chapter, random);
    }
    this.log.push('end');
    const database = this.#openAndVerify();
    await this.#work(10, this.#random);
    database.close();
    const again = this.#open();
    this.#verify(again);
    again.close();
  }

  async #chapter(chapter: 'crash' | 'full' | 'failing' | 'close', random: SeededRandom): Promise<void> {
    try {
      if (chapter === 'crash') await this.#crashChapter(random);
      else if (chapter === 'full') await this.#fullChapter(random);
      else if (chapter === 'failing') await this.#failingChapter(random);
      else await this.#closeChapter(random);
    } catch (error) {
      // Whatever the engine makes of a machine that goes down: nobody is there any more to hear it.
      if (!this.#disk.isDown || error instanceof TortureFailure) throw error;
    }
    if (this.#disk.isDown) this.#crash();
  }

  async #crashChapter(random: SeededRandom): Promise<void> {
    const whileOpening = random.chance(0.3);
    const most = random.chance(0.4) ? 40 : random.chance(0.5) ? 200 : 900;
    if (whileOpening) this.#disk.plan({ crashAfter: random.below(most) });
    this.#openAndVerify();
    if (!whileOpening) this.#disk.plan({ crashAfter: random.below(most) });
    await this.#work(150, random);
    this.#crash();
  }

  async #closeChapter(random: SeededRandom): Promise<void> {
    const database = this.#openAndVerify();
    await this.#work(random.below(40), random);
    if (random.chance(0.3)) this.#disk.plan({ crashAfter: random.below(40) });
    database.close();
    this.#disk.plan({ crashAfter: Number.POSITIVE_INFINITY });
    if (random.chance(0.5)) this.#crash();
  }

  async #fullChapter(random: SeededRandom): Promise<void> {
    const database = this.#openAndVerify();
    await this.#work(random.below(20), random);
    this.#disk.plan({ freeBytes: random.chance(0.3) ? 0 : random.below(300_000) });
    const refusals = (): number => this.#runners.reduce((sum, { session }) => sum + (session.retries.get(DISK_FULL) ?? 0), 0);
    for (let turn = 0; turn < 40 && refusals() < 3; turn++) await this.#work(5, random);
    if (refusals() > 0) this.outcome.fullDisks++;
    this.#verify(database, true);
    this.#disk.plan({ freeBytes: null });
    if (random.chance(0.2)) return this.#crash();
    const before = this.#runners.map(({ session }) => session.number);
    const isBehind = (): boolean => this.#runners.some(({ session }, index) => session.number === before[index]);
    for (let turn = 0; turn < 60 && isBehind(); turn++) await this.#work(5, random);
    expect(!isBehind(), () => 'there is room on the disk again, but not every session can commit');
    if (random.chance(0.5)) database.close();
    else this.#crash();
  }

  async #failingChapter(random: SeededRandom): Promise<void> {
    this.#openAndVerify();
    await this.#work(random.below(20), random);
    const fault = (['failWrite', 'failSync', 'failRead', 'shortRead'] as const)[random.below(4)];
    const only = ['', '/log/', '/data', '/double-write'][random.below(4)];
    const failedSync = (['dropsDirty', 'keepsDirty', 'revertsToDisk'] as const)[random.below(3)];
    this.#disk.plan({ [fault]: 1 + random.below(12), only, failedSync });
    this.log.push(`${fault} ${only} ${failedSync}`);
    let failure: unknown = null;
    try {
      await this.#work(80, random);
    } catch (error) {
      if (error instanceof TortureFailure || this.#disk.isDown) throw error;
      failure = error;
    }
    this.#disk.plan({ [fault]: 0, only: '' });
    if (failure === null) return this.#crash();
    this.outcome.failedOperations++;
    const isRead = fault === 'failRead' || fault === 'shortRead';
    // A read that failed may have looked like damage; a write that failed may not.
    expect(isFatal(failure) || (isRead && isDamage(failure)), () => `a disk that fails is reported as ${describeError(failure)}`);
    this.#crash();
  }
}

/** Runs the story of a seed. What it throws says how it went up to there. */
export async function runSqlStory(seed: number): Promise<StoryOutcome> {
  const story = new SqlStory(seed);
  try {
    await story.run();
  } catch (error) {
    throw new TortureFailure(`seed ${seed}: ${describeError(error)}\nthe story:\n  ${story.log.join('\n  ')}`);
  }
  return story.outcome;
}
