/**
 * What a session remembers of sequences: the value that it got last, of each and of all (currval, lastval). Private to the
 * session's thread; nothing is shared, nothing is rolled back.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { PageId } from '../../shm/types.ts';
import { wordsToInteger } from './int64-words.ts';
import type { Sequences } from './sequence.ts';

const ENTRY_WORDS = 3;

/** (root page, high, low) for each sequence the session has used. `last` is the entry it used last, -1 for none. */
export interface SequenceSession {
  entries: Int32Array;
  count: number;
  last: number;
}

export const createSequenceSession = (): SequenceSession => ({ entries: new Int32Array(8 * ENTRY_WORDS), count: 0, last: -1 });

function entryOf(session: SequenceSession, root: PageId): number {
  const { entries, count, last } = session;
  if (last >= 0 && entries[last * ENTRY_WORDS] === root) return last;
  for (let entry = 0; entry < count; entry++) if (entries[entry * ENTRY_WORDS] === root) return entry;
  return -1;
}

/** After nextValue(), and after a setSequence() that counts as a call: the result is the session's current value. */
export function noteValue(session: SequenceSession, sequences: Sequences, root: PageId): void {
  let entry = entryOf(session, root);
  if (entry < 0) {
    entry = session.count++;
    if (session.count * ENTRY_WORDS > session.entries.length) {
      const more = new Int32Array(session.entries.length * 2);
      more.set(session.entries);
      session.entries = more;
    }
    session.entries[entry * ENTRY_WORDS] = root;
  }
  session.entries[entry * ENTRY_WORDS + 1] = sequences.words[0];
  session.entries[entry * ENTRY_WORDS + 2] = sequences.words[1];
  session.last = entry;
}

/** The sequence's value that this session got last. 55000 when it has got none. */
export function currentValue(session: SequenceSession, root: PageId): number | bigint {
  return entryValue(session, entryOf(session, root), 'currval of a sequence');
}

/** The value that this session got last, of whichever sequence. 55000 when it has got none. */
export function lastValue(session: SequenceSession): number | bigint {
  return entryValue(session, session.last, 'lastval');
}

function entryValue(session: SequenceSession, entry: number, what: string): number | bigint {
  if (entry < 0) {
    throw new SqlError(SQLSTATE.object_not_in_prerequisite_state, `${what} is not defined yet in this session`, {
      hint: 'call nextval first',
    });
  }
  return wordsToInteger(session.entries[entry * ENTRY_WORDS + 1], session.entries[entry * ENTRY_WORDS + 2]);
}
