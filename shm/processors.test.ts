import { equal, notEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { leaveProcessor, processorNow, UNKNOWN_PROCESSOR } from './processors.ts';
import { systemCalls } from './system-calls.ts';

const calls = systemCalls();
const mask = new Uint8Array(new ArrayBuffer(128));

/** The processors that this thread may run on. */
function allowed(): string {
  mask.fill(0);
  equal(calls?.sched_getaffinity(0, BigInt(mask.length), calls.pointer(mask.buffer)), 0);
  return Buffer.from(mask).toString('hex');
}

test('a thread that leaves its processor runs on another one, and may run on all as before', { skip: calls === null }, () => {
  const before = allowed();
  const many = [...Buffer.from(before, 'hex')].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0) > 1;
  for (let turn = 0; turn < 5; turn++) {
    const here = processorNow();
    notEqual(here, UNKNOWN_PROCESSOR);
    // It is somewhere else when it comes back; where it is a moment later the system decides.
    equal(leaveProcessor(here), many);
    equal(allowed(), before);
  }
});

test('nobody leaves a processor that is not known', () => {
  ok(!leaveProcessor(UNKNOWN_PROCESSOR));
  ok(!leaveProcessor(1e6));
});
