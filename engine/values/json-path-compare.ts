/** How items of paths into jsonb are compared. */

import { compareTexts } from './compare.ts';
import type { ValueContext } from './context.ts';
import { compareNumerics } from './decimal-short.ts';
import { type JsonItem, stringOf, textOfItem } from './json-item.ts';
import { compareDatetimes } from './json-path-dates.ts';
import type { Comparison } from './json-path-tree.ts';

function ordered(operator: Comparison, order: number): boolean {
  switch (operator) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

const DIGITS_EXACT = 15;

/** Whether two items are as the operator says; null where they cannot be compared. */
export function compareItems(operator: Comparison, a: JsonItem, b: JsonItem, context: ValueContext | null): boolean | null {
  if (a.kind !== b.kind) return a.kind === 'null' || b.kind === 'null' ? operator === '!=' : null;
  switch (a.kind) {
    case 'null':
      return ordered(operator, 0);
    case 'boolean':
      return ordered(operator, (a.text[a.start] === 't' ? 1 : 0) - (b.text[b.start] === 't' ? 1 : 0));
    case 'number': {
      const [left, right] = [textOfItem(a), textOfItem(b)];
      const isShort = left.length <= DIGITS_EXACT && right.length <= DIGITS_EXACT;
      return ordered(operator, isShort ? Number(left) - Number(right) : compareNumerics(left, right));
    }
    case 'string':
      if (operator === '==') return textOfItem(a) === textOfItem(b);
      return ordered(operator, compareTexts(stringOf(a), stringOf(b)));
    case 'datetime': {
      const order = compareDatetimes(a, b, context);
      return order === null ? null : ordered(operator, order);
    }
    default:
      return null;
  }
}
