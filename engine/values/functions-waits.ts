/** Functions that wait, or have others wait: sleeping, advisory locks; and those that ask other sessions to end. See ValueContext.waits. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { IntervalValue } from '../storage/rows/row-value.ts';
import type { LockWish, ValueContext } from './context.ts';
import type { Implementation } from './functions.ts';

const MICROSECONDS = 1_000_000;
const DAY_SECONDS = 86_400;
/** As extract(epoch) counts it. */
const MONTH_SECONDS = 30 * DAY_SECONDS;

function sleep(seconds: number, context: ValueContext): string {
  if (context.waits === undefined) throw nobody('pg_sleep()');
  context.waits.sleep(seconds);
  return '';
}

const nobody = (what: string): SqlError => new SqlError(SQLSTATE.feature_not_supported, `${what} needs a session`);

const secondsOf = ({ months, days, microseconds }: IntervalValue): number =>
  months * MONTH_SECONDS + days * DAY_SECONDS + Number(microseconds) / MICROSECONDS;

/** Of the statement's time, so that it is the same when the statement runs again. */
const sleepUntil = (until: number | bigint, context: ValueContext): string =>
  sleep((Number(until) - context.transactionTime) / MICROSECONDS, context);

const intArray = (items: readonly number[]): RowValue => ({
  ...{ kind: 'array', element: 'int4', items },
  ...{ lengths: items.length === 0 ? [] : [items.length], lowers: items.length === 0 ? [] : [1] },
});

// ---- advisory locks ----

/** One key: the words of an int8. */
function keyOf(keys: readonly (number | bigint)[]): Pick<LockWish, 'space' | 'high' | 'low'> {
  if (keys.length === 2) return { space: 2, high: Number(keys[0]), low: Number(keys[1]) };
  const key = BigInt.asIntN(64, BigInt(keys[0]));
  return { space: 1, high: Number(BigInt.asIntN(32, key >> 32n)), low: Number(BigInt.asIntN(32, key)) };
}

type Body = (wish: LockWish, context: ValueContext) => RowValue;

const BODIES: { readonly [action: string]: Body } = {
  lock: (wish, { waits }) => {
    waits?.lock(wish, true);
    return '';
  },
  try: (wish, { waits }) => waits?.lock(wish, false) ?? true,
  unlock: (wish, { waits }) => waits?.letGo(wish) ?? false,
};

const table: { [primitive: string]: Implementation } = {
  'wait.sleep': sleep,
  'wait.sleepFor': (length: IntervalValue, context: ValueContext) => sleep(secondsOf(length), context),
  'wait.sleepUntil': sleepUntil,
  'wait.unlockAll': ({ waits }: ValueContext) => {
    waits?.letGoAll();
    return '';
  },
  'session.terminate.within': (processId: number, _: number, context: ValueContext) =>
    context.signal?.(processId, 'terminate') ?? false,
  'session.blockedBy': (processId: number, context: ValueContext) => intArray(context.blockedBy?.(processId) ?? []),
  'session.cancel': (processId: number, context: ValueContext) => context.signal?.(processId, 'cancel') ?? false,
  'session.terminate': (processId: number, context: ValueContext) => context.signal?.(processId, 'terminate') ?? false,
};

for (const [action, body] of Object.entries(BODIES))
  for (const shared of [false, true])
    for (const toEnd of action === 'unlock' ? [false] : [false, true])
      for (const keys of [1, 2])
        table[`wait.${action}${toEnd ? '.toEnd' : ''}${shared ? '.shared' : ''}.${keys}`] = (...given: unknown[]) => {
          const context = given[keys] as ValueContext;
          return body({ ...keyOf(given.slice(0, keys) as number[]), shared, toEnd }, context);
        };

export const waitFunctions: { readonly [primitive: string]: Implementation } = table;
