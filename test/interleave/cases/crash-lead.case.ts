/**
 * SM-W3: who completes a group of committers leaves the lead to another one (gather.ts), whether that one is there or not: nobody waits
 * for a flush that nobody leads, and what crash-flush shows holds as well.
 */

import { processorTimeWord } from '../../../engine/storage/log/gather.ts';
import { LOG_SHARED_LOOKER_PROCESSOR } from '../../../engine/storage/log/log-shared.layout.gen.ts';
import type { InterleavingCase } from '../case.ts';
import { interleaving as flush } from './crash-flush.case.ts';
import { type KernelPayload, ownRows } from './kernel-store.ts';

type Outcome = typeof flush extends InterleavingCase<KernelPayload, infer Result> ? Result : never;

/** A processor that no thread of a test runs on. */
const ELSEWHERE = 63;

/** Somebody looks for the end of a flush there, where flushes are twice as quick; or nobody does. */
function lookElsewhere(looks: boolean): void {
  const { log } = ownRows().kernel.parts;
  for (let processor = 0; processor <= ELSEWHERE; processor++) {
    Atomics.store(log.control, processorTimeWord(log, processor), looks ? (processor === ELSEWHERE ? 1000 : 2000) : 0);
  }
  Atomics.store(log.control, (log.shared + LOG_SHARED_LOOKER_PROCESSOR) >>> 2, looks ? ELSEWHERE + 1 : 0);
}

export const interleaving: InterleavingCase<KernelPayload, Outcome> = {
  ...flush,
  name: 'SM-W3: the lead is left to another one',
  setup: () => {
    const payload = flush.setup();
    lookElsewhere(true);
    return payload;
  },
  teardown: (payload) => {
    lookElsewhere(false);
    flush.teardown(payload);
  },
};
