import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeControlSlotsTaken, THREAD_PENDING_LOG } from '../../../shm/control.layout.gen.ts';
import { CONTROL_BASE, threadSlot } from '../../../shm/shared-memory.ts';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { SeededRandom } from '../world.ts';
import { takeCredit } from './credit.ts';
import { raiseVisibleHorizon } from './commit.ts';
import { durableHorizon, durableLsn, flushAll, flushIfDue, flushTo, tailLsn, tryFlush, visibleHorizon } from './flush.ts';
import { groupBegin, groupCancel, groupEnd, groupRecord } from './group.ts';
import { publish, reserve, startRecord } from './log.ts';
import { END, PREVIOUS, STAMP, START } from './log-context.ts';
import { commitNumbered, claimEnd, DIRECTORY, fixtureBytes, fixtureLog, readBack, writeNumbered } from './log-fixture.ts';
import { LOG_SHARED_RING_USED, loadLogSharedDurableHorizon, loadLogSharedPrecommittedHorizon } from './log-shared.layout.gen.ts';
import { closeLog, FIRST_LSN, firstLogStart } from './open.ts';
import { RECORD, RECORD_NO_PAGE } from './records.ts';
import { checkpointPassed, listSegments, segmentOfLsn } from './segments.ts';
import { TURN_BYTES } from './units.ts';

const seedOf = (name: string): number => {
  const seed = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`${name}: SCRATCHBIRD_SEED=${seed}`);
  return seed;
};

const KNOWN = { lsn: FIRST_LSN, segment: 1, durableLsn: FIRST_LSN };

test('records come back in order and whole, over many laps of the ring and many segments', () => {
  const random = new SeededRandom(seedOf('laps'));
  const vfs = new SimulatedVfs({ seed: 1 });
  const log = fixtureLog(vfs);
  const numbers: number[] = [];
  for (let number = 0; number < 5000; number++) {
    const end = writeNumbered(log, 7, number, random.below(random.chance(0.02) ? 4000 : 40));
    numbers.push(number);
    if (random.chance(0.01)) flushTo(log, end);
  }
  const end = flushAll(log);
  assert.equal(durableLsn(log), end);
  const read = readBack(vfs, {}, { ...KNOWN, durableLsn: end });
  assert.deepEqual(read.numbers, numbers);
  assert.equal(read.end, end);
  assert.ok(listSegments(vfs, DIRECTORY).length > 5);
});

test('positions stay right where the 32-bit tail wraps, at 2^35, and at each turn of 2^33', () => {
  for (const turns of [1, 2, 3, 4, 5, 8, 1000]) {
    const lsn = turns * TURN_BYTES - 4096;
    const vfs = new SimulatedVfs({ seed: turns });
    const log = fixtureLog(vfs, { start: { ...firstLogStart(), lsn, keepLsn: lsn } });
    let end = lsn;
    for (let number = 0; number < 300; number++) {
      assert.equal(tailLsn(log), end);
      const before = end;
      end = writeNumbered(log, 7, number, 30);
      assert.equal(log.scratch[START], before);
      assert.equal(end, before + fixtureBytes(30));
      if (number % 20 === 19) {
        flushTo(log, end);
        assert.equal(durableLsn(log), end);
      }
    }
    const read = readBack(vfs, {}, { lsn, segment: 1, durableLsn: end });
    assert.equal(read.numbers.length, 300);
    assert.equal(read.end, end);
  }
});

test('SM-W1: a flush stops before a record that is reserved and not published', () => {
  const log = fixtureLog(new SimulatedVfs({ seed: 1 }));
  const first = writeNumbered(log, 7, 1, 4);
  // Another thread has announced a place and not published: its slot says so.
  storeControlSlotsTaken(log.control, CONTROL_BASE, 6);
  const pending = (threadSlot(log.shm, 5) + THREAD_PENDING_LOG) >>> 2;
  log.control[pending] = ((tailLsn(log) / 8) << 1) | 1;
  const second = writeNumbered(log, 7, 2, 4);
  flushTo(log, first);
  assert.equal(durableLsn(log), first);
  log.control[pending] = 0;
  flushTo(log, second);
  assert.equal(durableLsn(log), second);
});

test('a record that wraps is one piece for its writer and comes back whole', () => {
  const vfs = new SimulatedVfs({ seed: 1 });
  const log = fixtureLog(vfs);
  let wrapped = 0;
  for (let number = 0; number < 400; number++) {
    writeNumbered(log, 7, number, 1001);
    if ((log.scratch[START] % log.ringBytes) + fixtureBytes(1001) > log.ringBytes) wrapped++;
  }
  const end = flushAll(log);
  assert.ok(wrapped > 10);
  assert.equal(readBack(vfs, {}, { ...KNOWN, durableLsn: end }).numbers.length, 400);
});

test('SM-W6: a group is one piece, its last record carries the end mark', () => {
  const vfs = new SimulatedVfs({ seed: 1 });
  const log = fixtureLog(vfs);
  groupBegin(log, 400);
  const offsets = [0, 8, 20].map((payload) => groupRecord(log, RECORD.filler, 0, 5, RECORD_NO_PAGE, 0, payload));
  assert.deepEqual(offsets, [0, 40, 88]);
  assert.ok(groupEnd(log));
  assert.equal(log.scratch[END] - log.scratch[START], 88 + 64);
  groupBegin(log, 400);
  groupCancel(log);
  groupBegin(log, 400);
  assert.equal(groupEnd(log), false);
  const end = flushAll(log);
  assert.deepEqual(readBack(vfs, {}, { ...KNOWN, durableLsn: end }).starts, [64, 104, 152]);
});

test('a group beyond a quarter of the ring is refused with 54000 before anything is taken', () => {
  const log = fixtureLog(new SimulatedVfs({ seed: 1 }));
  assert.throws(() => groupBegin(log, (16 << 10) + 8), { code: '54000' });
  groupBegin(log, 16 << 10);
  groupCancel(log);
});

test('ring credit is back when everything is written and returned', () => {
  const log = fixtureLog(new SimulatedVfs({ seed: 1 }));
  for (let number = 0; number < 100; number++) writeNumbered(log, 7, number, 10);
  groupBegin(log);
  groupCancel(log);
  flushAll(log);
  closeLog(log);
  assert.equal(Atomics.load(log.control, (log.shared + LOG_SHARED_RING_USED) >>> 2), 0);
});

test('TX-T7: stamps rise in the order of the log, also when the clock stands or steps back', () => {
  const log = fixtureLog(new SimulatedVfs({ seed: 1 }));
  let last = 0;
  for (const step of [0, 0, -5_000_000, 0, 100, -1]) {
    claimEnd(log);
    (log.world.clock as unknown as { advance(by: number): void }).advance(step);
    const end = commitNumbered(log, 9);
    const stamp = log.scratch[3];
    assert.ok(stamp > last);
    last = stamp;
    assert.equal(loadLogSharedPrecommittedHorizon(log.control, log.shared), stamp);
    assert.ok(loadLogSharedDurableHorizon(log.control, log.shared) < stamp);
    flushTo(log, end);
    assert.equal(loadLogSharedDurableHorizon(log.control, log.shared), stamp);
  }
});

test('segments are used again once a checkpoint has passed them, and stale batches in them are not taken for the log', () => {
  const vfs = new SimulatedVfs({ seed: 3 });
  const log = fixtureLog(vfs);
  let known = KNOWN;
  let numbers: number[] = [];
  for (let round = 0; round < 30; round++) {
    for (let number = 0; number < 100; number++) {
      const end = writeNumbered(log, 7, round * 1000 + number, 100);
      numbers.push(round * 1000 + number);
      if (number % 10 === 0) flushTo(log, end);
    }
    const end = flushAll(log);
    const read = readBack(vfs, {}, { ...known, durableLsn: end });
    assert.deepEqual(read.numbers, numbers);
    if (round % 3 === 2) {
      known = { lsn: end, segment: segmentOfLsn(log, end), durableLsn: end };
      checkpointPassed(log, end);
      numbers = [];
    }
  }
  assert.ok(listSegments(vfs, DIRECTORY).length <= 11, 'few segments are kept');
  assert.ok(listSegments(vfs, DIRECTORY)[0] > 10, 'old ones got new numbers');
});

test('a segment is not reused before it is archived', () => {
  const archived: number[] = [];
  let willing = false;
  const vfs = new SimulatedVfs({ seed: 3 });
  const log = fixtureLog(vfs, {
    archive: (path, segment) => {
      assert.ok(vfs.exists(path));
      if (willing) archived.push(segment);
      return willing;
    },
  });
  for (let number = 0; number < 1000; number++) flushTo(log, writeNumbered(log, 7, number, 100));
  checkpointPassed(log, durableLsn(log));
  assert.equal(listSegments(vfs, DIRECTORY)[0], 1);
  willing = true;
  const end = writeNumbered(log, 7, 1, 100);
  flushTo(log, end);
  checkpointPassed(log, end);
  assert.ok(archived.length > 3 && archived[0] === 1);
  assert.ok(listSegments(vfs, DIRECTORY)[0] > 1);
});

test('tryFlush does not wait for another leader', () => {
  const log = fixtureLog(new SimulatedVfs({ seed: 1 }));
  const end = writeNumbered(log, 7, 1, 1);
  log.control[(log.shared + 192) >>> 2] = 5;
  assert.equal(tryFlush(log, end), false);
  log.control[(log.shared + 192) >>> 2] = 0;
  assert.equal(tryFlush(log, end), true);
  assert.equal(durableLsn(log), end);
});

test('previous is taken from scratch once', () => {
  const log = fixtureLog(new SimulatedVfs({ seed: 1 }));
  takeCredit(log, 80);
  for (const expected of [1234 * 8, 0]) {
    const at = reserve(log, 40);
    if (expected !== 0) log.scratch[PREVIOUS] = expected;
    startRecord(log, at, 40, RECORD.filler, 0, 1, 2, 3, 4);
    assert.equal(log.f64[(at + 16) / 8], expected);
    publish(log, at, 40);
  }
});

test('relaxed durability: flushIfDue flushes when the last flush is old enough, and not before', () => {
  const log = fixtureLog(new SimulatedVfs({ seed: 1 }), { durability: 'relaxed' });
  const start = log.world.clock.now() + 1_000_000;
  const first = writeNumbered(log, 7, 1, 1);
  flushIfDue(log, start);
  assert.equal(durableLsn(log), first);
  const second = writeNumbered(log, 7, 2, 1);
  flushIfDue(log, log.world.clock.now());
  assert.equal(durableLsn(log), first);
  flushIfDue(log, start + 10_000);
  assert.equal(durableLsn(log), second);
});

test('a relaxed commit is seen at once: the visible horizon goes ahead of the durable one, never back', () => {
  const log = fixtureLog(new SimulatedVfs({ seed: 1 }), { durability: 'relaxed' });
  claimEnd(log);
  const end = commitNumbered(log, 9);
  const stamp = log.scratch[STAMP];
  raiseVisibleHorizon(log, stamp);
  assert.equal(visibleHorizon(log), stamp);
  assert.ok(durableHorizon(log) < stamp);
  raiseVisibleHorizon(log, stamp - 1);
  assert.equal(visibleHorizon(log), stamp);
  flushTo(log, end);
  assert.equal(durableHorizon(log), stamp);
});
