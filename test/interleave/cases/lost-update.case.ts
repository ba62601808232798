/**
 * A case with a known bug, for the scheduler's own test: two sessions add one to a word without a latch. Only an order in which
 * one session stops between its load and its store loses an update.
 */

import { yieldPoint } from '../../../shm/yield-point.ts';
import type { InterleavingCase } from '../case.ts';

interface Payload {
  readonly words: Int32Array;
}

export const interleaving: InterleavingCase<Payload, number> = {
  name: 'scheduler: a lost update',
  sessions: 2,
  setup: () => ({ words: new Int32Array(new SharedArrayBuffer(4)) }),
  session: ({ words }) => {
    yieldPoint('counter.load');
    const seen = words[0];
    yieldPoint('counter.store');
    words[0] = seen + 1;
    return seen;
  },
  check: ({ words }) => {
    if (words[0] !== 2) throw new Error(`two additions gave ${words[0]}`);
  },
  teardown: () => {},
};
