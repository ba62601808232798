import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { durableLsn, flushAll, flushCommit } from './flush.ts';
import { processorNow } from '../../../shm/processors.ts';
import { CORES } from '../../../shm/wait.ts';
import {
  arrive,
  gathered,
  gatherTime,
  handsOver,
  leaveLeader,
  lookForEnd,
  lookTime,
  noteFlushTime,
  noteProcessor,
  noteProcessorTime,
  processorTimeWord,
  takeArrived,
} from './gather.ts';
import { claimEnd, commitNumbered, fixtureLog, writeNumbered } from './log-fixture.ts';
import {
  addLogSharedSleepers,
  LOG_SHARED_ARRIVED,
  LOG_SHARED_TAKEN,
  loadLogSharedDurableSequence,
  loadLogSharedFlushTime,
  loadLogSharedLookerProcessor,
  loadLogSharedProcessor,
  storeLogSharedFlushTime,
  storeLogSharedLookerProcessor,
} from './log-shared.layout.gen.ts';
import type { Log } from './log-context.ts';

const OTHER = 5;

const bits = (log: Log, at: number): number => log.control[(log.shared + at) >>> 2];

/** The thread OTHER waits for the next flush as a committer. */
const otherArrives = (log: Log): number => Atomics.or(log.control, (log.shared + LOG_SHARED_ARRIVED) >>> 2, 1 << OTHER);

/** The thread's last commit was on disk this very moment: it comes with the next one at once. */
const justAnswered = (log: Log): void => {
  log.answeredAt = log.world.clock.now();
};

/** A flush of 200 us is over, and both threads were in it. */
function togetherOnce(): Log {
  const log = fixtureLog(new SimulatedVfs({ seed: 1 }));
  storeLogSharedFlushTime(log.control, log.shared, 200);
  arrive(log);
  otherArrives(log);
  takeArrived(log);
  justAnswered(log);
  return log;
}

test('who commits alone waits for nobody', () => {
  const log = fixtureLog(new SimulatedVfs({ seed: 1 }));
  storeLogSharedFlushTime(log.control, log.shared, 200);
  for (let round = 0; round < 5; round++) {
    arrive(log);
    assert.equal(gatherTime(log, 0), 0);
    takeArrived(log);
  }
});

test('SM-W3: a committer waits for one that was in the last two flushes, and no longer', () => {
  const log = togetherOnce();
  for (let round = 0; round < 2; round++) {
    arrive(log);
    assert.equal(gatherTime(log, 0), 0.4);
    takeArrived(log);
  }
  arrive(log);
  assert.equal(gatherTime(log, 0), 0);
});

test('who works longer between commits than the flush of the others takes leads at once: the disk is free', () => {
  const log = togetherOnce();
  arrive(log);
  assert.equal(gatherTime(log, 300), 0);
  assert.equal(gatherTime(log, 150), 0.4);
});

test('SM-W3: who came while another led, and was left out, waits for that one to come again', () => {
  const log = togetherOnce();
  arrive(log);
  // The other leads; this thread arrives too late for it.
  otherArrives(log);
  takeArrived(log);
  arrive(log);
  assert.equal(gatherTime(log, 150), 0.4);
  otherArrives(log);
  assert.equal(gatherTime(log, 150), 0);
});

test('a wait for a flush looks on only where flushes are quick', () => {
  const log = togetherOnce();
  const looks = lookTime(log);
  assert.equal(looks, CORES < 2 ? 0 : 400);
  storeLogSharedFlushTime(log.control, log.shared, 3000);
  assert.equal(lookTime(log), 0);
});

test('nobody looks while somebody has not gone on since the last flush: it may wait for this very processor', () => {
  const log = togetherOnce();
  addLogSharedSleepers(log.control, log.shared, 1);
  assert.equal(lookTime(log), 0);
  addLogSharedSleepers(log.control, log.shared, -1);
  storeLogSharedLookerProcessor(log.control, log.shared, 1);
  assert.equal(lookTime(log), 0);
  storeLogSharedLookerProcessor(log.control, log.shared, 0);
  assert.equal(lookTime(log), CORES < 2 ? 0 : 400);
  const sequence = loadLogSharedDurableSequence(log.control, log.shared);
  assert.ok(!lookForEnd(log, sequence, 10));
  assert.ok(lookForEnd(log, sequence - 1, 10));
  assert.equal(loadLogSharedLookerProcessor(log.control, log.shared), 0);
});

test('who is woken beside the leader moves away from it, and not again at once', () => {
  const log = togetherOnce();
  noteProcessor(log);
  const leaders = loadLogSharedProcessor(log.control, log.shared) - 1;
  const before = log.apartAt;
  leaveLeader(log);
  // Where the system tells nothing, or has put the thread elsewhere meanwhile, there is nothing to leave.
  if (leaders < 0 || log.apartAt === before) return;
  const moved = log.apartAt;
  log.answeredAt = moved + 100;
  noteProcessor(log);
  leaveLeader(log);
  assert.equal(log.apartAt, moved);
  assert.ok(processorNow() >= 0);
});

test('one slow flush hardly counts, many do', () => {
  const log = togetherOnce();
  noteFlushTime(log, 50_000);
  assert.ok(loadLogSharedFlushTime(log.control, log.shared) < 250);
  for (let flush = 0; flush < 60; flush++) noteFlushTime(log, 50_000);
  assert.ok(loadLogSharedFlushTime(log.control, log.shared) > 40_000);
});

test('the last one of a group leads at once', () => {
  const log = togetherOnce();
  otherArrives(log);
  arrive(log);
  assert.equal(gatherTime(log, 0), 0);
});

test('waits in vain make waits rare, and waits that paid make them frequent again', () => {
  const log = togetherOnce();
  let waits = 0;
  for (let flush = 0; flush < 1000; flush++) {
    otherArrives(log);
    takeArrived(log);
    arrive(log);
    if (gatherTime(log, 0) > 0) {
      waits++;
      gathered(log, true);
    }
    takeArrived(log);
  }
  assert.ok(waits < 30, `${waits} waits`);
  for (let paid = 0; paid < 10; paid++) gathered(log, false);
  for (let flush = 0; flush < 200; flush++) {
    otherArrives(log);
    takeArrived(log);
  }
  arrive(log);
  assert.ok(gatherTime(log, 0) > 0);
});

test('flushes for others than committers leave the group as it is', () => {
  const log = togetherOnce();
  const taken = bits(log, LOG_SHARED_TAKEN);
  for (let number = 0; number < 3; number++) {
    writeNumbered(log, 7, number, 10);
    flushAll(log);
  }
  assert.equal(bits(log, LOG_SHARED_TAKEN), taken);
});

test('a committer whose neighbour does not come is durable all the same', () => {
  const log = togetherOnce();
  claimEnd(log);
  const end = commitNumbered(log, 7);
  flushCommit(log, end);
  assert.ok(durableLsn(log) >= end);
});

test('who completes a group leaves the lead to one that looks where flushes are quicker, nearly every time', () => {
  const log = togetherOnce();
  const own = processorNow();
  if (own < 0) return;
  // All processors but one: the thread may run on any of them by now.
  const elsewhere = 63;
  for (let processor = 0; processor < elsewhere; processor++) log.control[processorTimeWord(log, processor)] = 2000;
  const count = (time: number): number => {
    log.control[processorTimeWord(log, elsewhere)] = time;
    let handed = 0;
    for (let flush = 0; flush < 64; flush++) if (handsOver(log)) handed++;
    return handed;
  };
  assert.equal(count(1000), 0, 'nobody looks');
  storeLogSharedLookerProcessor(log.control, log.shared, elsewhere + 1);
  assert.equal(count(0), 0, 'nothing is known');
  assert.equal(count(1990), 0, 'about the same');
  assert.equal(count(1000), 62);
});

test('the time of flushes on a processor is a mean of many, and none counts much', () => {
  const log = togetherOnce();
  if (processorNow() < 0) return;
  const known = (): number[] =>
    Array.from({ length: 64 }, (_, at) => log.control[processorTimeWord(log, at)]).filter((time) => time > 0);
  for (let flush = 0; flush < 400; flush++) noteProcessorTime(log, 100);
  assert.ok(known().length > 0 && known().every((time) => time === 1600));
  noteProcessorTime(log, 50_000);
  assert.ok(known().every((time) => time <= 1800));
});
