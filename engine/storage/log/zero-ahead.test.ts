/** Zeros ahead of small flushes, in segments that have room and no content yet: written once, and nothing to whoever reads the log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { flushAll } from './flush.ts';
import type { Log } from './log-context.ts';
import { fixtureLog, readBack, startAfter, writeNumbered } from './log-fixture.ts';
import { loadLogSharedSegmentOffset, loadLogSharedUnwritten, loadLogSharedZeroedTo } from './log-shared.layout.gen.ts';
import { closeLog, FIRST_LSN } from './open.ts';
import { ZERO_AHEAD } from './segments.ts';

const OPTIONS = { ringBytes: 4 << 20, segmentBytes: 2 << 20 };
const FIRST = { segment: 1, lsn: FIRST_LSN, durableLsn: FIRST_LSN };

const offsetOf = ({ control, shared }: Log): number => loadLogSharedSegmentOffset(control, shared);
const zeroedTo = ({ control, shared }: Log): number => loadLogSharedZeroedTo(control, shared);

test('small flushes write zeros behind themselves into segments that only have room, large ones none; all records come back', () => {
  const vfs = new SimulatedVfs({ seed: 1 });
  const first = fixtureLog(vfs, OPTIONS);
  // The first segment of a new database is written with zeros as it is made.
  assert.equal(loadLogSharedUnwritten(first.control, first.shared), 0);
  let number = 0;
  writeNumbered(first, 1, number++, 100);
  flushAll(first);
  assert.equal(zeroedTo(first), 0);
  closeLog(first);

  const again = { ...OPTIONS, boot: 2, start: startAfter(readBack(vfs, OPTIONS, FIRST), FIRST) };
  const log = fixtureLog(vfs, again);
  const flushOf = (records: number): void => {
    for (let record = 0; record < records; record++) writeNumbered(log, 1, number++, 250);
    flushAll(log);
  };
  const boundary = (): number => Math.ceil(offsetOf(log) / ZERO_AHEAD) * ZERO_AHEAD;
  for (let flush = 0; flush < 20 || offsetOf(log) < ZERO_AHEAD; flush++) {
    flushOf(10);
    assert.equal(zeroedTo(log), boundary());
  }
  assert.ok(offsetOf(log) > ZERO_AHEAD);
  const before = zeroedTo(log);
  flushOf(ZERO_AHEAD >> 10);
  assert.ok(offsetOf(log) > before);
  assert.equal(zeroedTo(log), before);
  // On into a segment that was made meanwhile, which begins anew.
  for (let flush = 0; flush < 110; flush++) {
    flushOf(10);
    assert.ok(zeroedTo(log) >= offsetOf(log) || offsetOf(log) === OPTIONS.segmentBytes);
    assert.ok(zeroedTo(log) <= OPTIONS.segmentBytes);
  }
  closeLog(log);
  assert.deepEqual(
    readBack(vfs, { ...OPTIONS, boot: 2 }, FIRST).numbers,
    Array.from({ length: number }, (_, at) => at),
  );
});
