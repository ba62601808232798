/** What a lifted literal is worth to an estimate. */

import type { SqlType } from '../../sblr/types.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import type { ValueContext } from '../../values/context.ts';
import { implementations } from '../../values/functions.ts';

/** An estimate is as good in one time zone as in another; 'now' and the like have no value here. */
const CONTEXT = { timeZone: 'UTC', setting: () => null } as unknown as ValueContext;

/** A literal is text until the statement runs: its value as one of its type, undefined where the run will raise an error. */
export function estimatedValue(text: string, type: SqlType): RowValue | undefined {
  const input = implementations[`text.to.${type.name}`];
  if (input === undefined) return text;
  try {
    return input(text, CONTEXT);
  } catch {
    return undefined;
  }
}
