/** A correct case for the scheduler's own test: a word latch with a waiting loop guards the addition. */

import { yieldPoint } from '../../../shm/yield-point.ts';
import type { InterleavingCase } from '../case.ts';

interface Payload {
  readonly words: Int32Array;
}

export const interleaving: InterleavingCase<Payload, number> = {
  name: 'scheduler: a guarded update',
  sessions: 3,
  setup: () => ({ words: new Int32Array(new SharedArrayBuffer(8)) }),
  session: ({ words }) => {
    while (Atomics.compareExchange(words, 1, 0, 1) !== 0) yieldPoint('latch.wait');
    const seen = words[0];
    yieldPoint('counter.store');
    words[0] = seen + 1;
    Atomics.store(words, 1, 0);
    yieldPoint('latch.released');
    return seen;
  },
  check: ({ words }, results) => {
    if (words[0] !== 3) throw new Error(`three additions gave ${words[0]}`);
    if (results.some((result) => !result.ok)) throw new Error('a session failed');
  },
  teardown: () => {},
};
