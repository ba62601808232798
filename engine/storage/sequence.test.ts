import { strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { attachThread, THREAD_ROLE_HOST } from '../../shm/threads.ts';
import { createStore, DIRECTORY, fixtureMemory, fixtureWorld, logOptions, type Store, startOf } from './btree/btree-fixture.ts';
import { createTree } from './btree/tree.ts';
import { createPageCache, dirtyFrames, startPageCache } from './cache/page-cache.ts';
import { writePages } from './cache/page-writer.ts';
import { openDatabaseFiles } from './database-files.ts';
import { addWords, compareWords, highWord, lowWord, wordsToInteger } from './int64-words.ts';
import { durableLsn, flushAll, flushTo, tailLsn } from './log/flush.ts';
import { attachLog, FIRST_LSN, startLog } from './log/open.ts';
import { finishPages } from './recovery/finish.ts';
import { redoLog } from './recovery/recover.ts';
import {
  changeSequence,
  createSequence,
  createSequences,
  describeSequence,
  nextValue,
  registerSequenceRecords,
  resultInteger,
  resultLsn,
  SEQUENCE_CACHE,
  type Sequences,
  setSequence,
} from './sequence.ts';
import { INT64_MAX, INT64_MIN, type SequenceOptions } from './sequence-options.ts';
import { createSequenceSession, currentValue, lastValue, noteValue } from './sequence-session.ts';
import { registerSpaceRecords } from './space/records.ts';
import { createSpace } from './space/space.ts';
import { SimulatedVfs } from './vfs/simulated-vfs.ts';
import { SeededRandom } from './world.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`sequences: SCRATCHBIRD_SEED=${SEED}`);

interface Fixture {
  vfs: SimulatedVfs;
  store: Store;
  sequences: Sequences;
}

function open(): Fixture {
  registerSpaceRecords();
  registerSequenceRecords();
  const vfs = new SimulatedVfs({ seed: SEED });
  const store = createStore(vfs);
  vfs.syncDirectory('/');
  return { vfs, store, sequences: createSequences(store.cache, store.log, store.space, false) };
}

function next(sequences: Sequences, root: number): number | bigint {
  nextValue(sequences, root);
  return resultInteger(sequences);
}

test('int64 words add and compare as BigInt does', () => {
  const random = new SeededRandom(SEED);
  const some = (): bigint => {
    const edges = [0n, 1n, -1n, INT64_MAX, INT64_MIN, 2n ** 32n, 2n ** 53n, -(2n ** 31n)];
    if (random.chance(0.5)) return BigInt.asIntN(64, edges[random.below(edges.length)] + BigInt(random.below(5) - 2));
    return BigInt.asIntN(64, (BigInt(random.below(2 ** 31)) << 33n) ^ BigInt(random.below(2 ** 31)));
  };
  const words = new Int32Array(2);
  for (let round = 0; round < 20000; round++) {
    const a = some();
    const b = some();
    const wrapped = addWords(words, 0, highWord(a), lowWord(a), highWord(b), lowWord(b));
    strictEqual(BigInt(wordsToInteger(words[0], words[1])), BigInt.asIntN(64, a + b), `seed ${SEED}`);
    strictEqual(wrapped, BigInt.asIntN(64, a + b) !== a + b);
    strictEqual(Math.sign(compareWords(highWord(a), lowWord(a), highWord(b), lowWord(b))), a < b ? -1 : a > b ? 1 : 0);
    const safe = wordsToInteger(highWord(a), lowWord(a));
    if (typeof safe === 'number') strictEqual(wordsToInteger(highWord(safe), lowWord(safe)), safe);
  }
});

test('values follow a BigInt model over the whole range, with and without a cycle', () => {
  const { sequences } = open();
  const cases: SequenceOptions[] = [
    {},
    { increment: -1 },
    { minimum: 5, maximum: 9, cycle: true },
    { minimum: 5, maximum: 9, increment: -3, cycle: true },
    { minimum: INT64_MIN, maximum: INT64_MAX, start: INT64_MAX - 70n },
    { minimum: INT64_MIN, maximum: INT64_MAX, start: INT64_MAX - 70n, increment: 2n ** 62n, cycle: true },
    { minimum: INT64_MIN, maximum: INT64_MAX, increment: INT64_MIN, start: INT64_MAX, cycle: true },
    { start: 2 ** 53 - 3, increment: 1 },
    { start: 2n ** 32n - 2n, increment: 1 },
  ];
  for (const options of cases) {
    const root = createSequence(sequences, options);
    const { minimum, maximum, increment, start, cycle } = describeSequence(sequences, root);
    let expected = BigInt(start);
    for (let count = 0; count < 100; count++) {
      if (expected > BigInt(maximum) || expected < BigInt(minimum)) {
        if (!cycle) {
          throws(() => next(sequences, root), { code: '2200H' });
          throws(() => next(sequences, root), { code: '2200H' }, 'and again');
          break;
        }
        expected = BigInt(BigInt(increment) > 0n ? minimum : maximum);
      }
      strictEqual(BigInt(next(sequences, root)), expected);
      expected += BigInt(increment);
    }
  }
});

test('a value is a number while it is safe and a BigInt beyond', () => {
  const { sequences } = open();
  const root = createSequence(sequences, { start: Number.MAX_SAFE_INTEGER });
  strictEqual(next(sequences, root), Number.MAX_SAFE_INTEGER);
  strictEqual(next(sequences, root), 2n ** 53n);
});

test('setval says where it goes on, within the bounds; options change under it', () => {
  const { sequences } = open();
  const root = createSequence(sequences, { maximum: 100 });
  setSequence(sequences, root, 41);
  strictEqual(next(sequences, root), 42);
  setSequence(sequences, root, 7, false);
  strictEqual(next(sequences, root), 7);
  throws(() => setSequence(sequences, root, 101), { code: '22003' });
  throws(() => setSequence(sequences, root, 1.5), { code: '22003' });
  changeSequence(sequences, root, { increment: 10, maximum: 30 });
  strictEqual(next(sequences, root), 17);
  throws(() => changeSequence(sequences, root, { minimum: 18, start: 20 }), { code: '22023' });
  strictEqual(next(sequences, root), 27);
  throws(() => next(sequences, root), { code: '2200H' });
  throws(() => createSequence(sequences, { increment: 0 }), { code: '22023' });
  throws(() => createSequence(sequences, { minimum: 9, maximum: 8 }), { code: '22023' });
  throws(() => createSequence(sequences, { maximum: 8, start: 9 }), { code: '22023' });
});

test('currval and lastval are what this session got', () => {
  const { sequences } = open();
  const a = createSequence(sequences);
  const b = createSequence(sequences, { start: 2n ** 60n });
  const session = createSequenceSession();
  throws(() => currentValue(session, a), { code: '55000' });
  throws(() => lastValue(session), { code: '55000' });
  for (const root of [a, b, a]) {
    nextValue(sequences, root);
    noteValue(session, sequences, root);
  }
  nextValue(sequences, a);
  strictEqual(currentValue(session, a), 2);
  strictEqual(currentValue(session, b), 2n ** 60n);
  strictEqual(lastValue(session), 2);
});

test(`a log record covers ${SEQUENCE_CACHE} values`, () => {
  const { sequences, store } = open();
  const root = createSequence(sequences);
  const before = tailLsn(store.log);
  for (let count = 0; count < SEQUENCE_CACHE; count++) next(sequences, root);
  const one = tailLsn(store.log) - before;
  for (let count = 0; count < SEQUENCE_CACHE; count++) next(sequences, root);
  strictEqual(tailLsn(store.log) - before, 2 * one);
});

/** Redo on what the disk kept; then the sequences of the next boot. */
function recover(before: Fixture): Fixture {
  const vfs = before.vfs.crash();
  const shm = fixtureMemory({});
  attachThread(shm, THREAD_ROLE_HOST);
  const world = fixtureWorld(vfs);
  const files = openDatabaseFiles(vfs, DIRECTORY);
  const allDurable = { durableLsn: () => Number.MAX_SAFE_INTEGER, flushTo: () => {}, endLsn: () => 0 };
  const cache = createPageCache(shm, world, files, allDurable);
  startPageCache(cache, startOf(0), 1);
  const known = { lsn: FIRST_LSN, segment: 1, durableLsn: FIRST_LSN, boot: 1, highestTransaction: 0, highestStamp: 0 };
  const state = redoLog(vfs, logOptions(1), known, cache);
  const log = attachLog(shm, world, logOptions(state.boot));
  startLog(log, state.start);
  cache.log = { durableLsn: () => durableLsn(log), flushTo: (lsn) => flushTo(log, lsn), endLsn: () => tailLsn(log) };
  const space = createSpace(shm, cache, log);
  const sequences = createSequences(cache, log, space, false);
  startPageCache(cache, startOf(state.boot), 1);
  finishPages(state, cache);
  return { vfs, store: { shm, cache, log, space, tree: createTree(shm, cache, log, space) }, sequences };
}

test('after any crash no value that was given out comes again', () => {
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 12; round++) {
    let fixture = open();
    const root = createSequence(fixture.sequences, { increment: 1 });
    flushAll(fixture.store.log);
    const given = new Set<number>();
    for (let boot = 0; boot < 4; boot++) {
      const { sequences, store } = fixture;
      for (let count = random.below(120); count > 0; count--) {
        const value = next(sequences, root) as number;
        // A value counts as given out when the log is durable up to its position.
        if (random.chance(0.1)) flushAll(store.log);
        if (random.chance(0.05)) while (dirtyFrames(store.cache) > 0 && writePages(store.cache, 64) > 0);
        // Not given out: its record may be lost with all that follow.
        if (durableLsn(store.log) < resultLsn(sequences)) continue;
        strictEqual(given.has(value), false, `value ${value} came twice, seed ${SEED}, round ${round}`);
        given.add(value);
      }
      fixture = recover(fixture);
    }
  }
});
