/** Sequences: three sessions draw from one, across the place where it goes ahead in the log; nobody gets a value twice. */

import { createSequence, nextValue, resultInteger } from '../../../engine/storage/sequence.ts';
import type { InterleavingCase } from '../case.ts';
import { freshRows, type LockPayload, ownSequences, sessionStore } from './locks-store.ts';

const VALUES = 4;

export const interleaving: InterleavingCase<LockPayload, number[]> = {
  name: 'sequences: values are given out once',
  sessions: 3,
  setup: () => {
    const sequences = ownSequences();
    const root = createSequence(sequences);
    for (let count = 0; count < 28; count++) nextValue(sequences, root);
    return freshRows(1, root);
  },
  session: (payload) => {
    const { sequences } = sessionStore(payload);
    const values: number[] = [];
    for (let count = 0; count < VALUES; count++) {
      nextValue(sequences, payload.root);
      values.push(resultInteger(sequences) as number);
    }
    return values;
  },
  check: (_, results) => {
    const values: number[] = [];
    for (const result of results) {
      if (!result.ok) throw new Error(result.message);
      values.push(...result.value);
    }
    values.sort((a, b) => a - b);
    if (values.some((value, at) => value !== 29 + at)) throw new Error(`the sessions got ${values.join(', ')}`);
  },
  teardown: () => {},
};
