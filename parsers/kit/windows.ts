/** Windows as canonical text: what all dialects write alike. */

import type { SourceExpression, SourceFrame, SourceSortItem, SourceWindowSpec } from '../../engine/sblr/source.gen.ts';
import { clause, joinWords } from './text.ts';

/** How a dialect writes what is in a window. */
export interface WindowWords {
  identifier(name: string): string;
  expressions(list: readonly SourceExpression[]): string;
  order(items: readonly SourceSortItem[]): string;
  frame(frame: SourceFrame): string;
}

/** A window by its name, or its specification in parentheses. */
export function windowText(spec: SourceWindowSpec, words: WindowWords): string {
  if (spec.name !== null) return words.identifier(spec.name);
  const inside = joinWords([
    spec.base !== null && words.identifier(spec.base),
    clause('PARTITION BY', words.expressions(spec.partition)),
    clause('ORDER BY', words.order(spec.order)),
    spec.frame !== null && words.frame(spec.frame),
  ]);
  return `(${inside})`;
}

const BOUNDS: { readonly [kind in SourceFrame['start']]: string } = {
  unboundedPreceding: 'UNBOUNDED PRECEDING',
  preceding: 'PRECEDING',
  current: 'CURRENT ROW',
  following: 'FOLLOWING',
  unboundedFollowing: 'UNBOUNDED FOLLOWING',
};

/** `ROWS BETWEEN ... AND ...`, with a bound's value in front of it. */
export function boundsText(frame: SourceFrame, valueText: (value: SourceExpression) => string): string {
  const side = (kind: SourceFrame['start'], value: SourceExpression | null): string =>
    value === null ? BOUNDS[kind] : `${valueText(value)} ${BOUNDS[kind]}`;
  return `${frame.unit.toUpperCase()} BETWEEN ${side(frame.start, frame.startValue)} AND ${side(frame.end, frame.endValue)}`;
}
