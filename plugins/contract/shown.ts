/**
 * What the catalog keeps, shown as the dialect's own server would show it: with the conversions that nobody wrote. The engine binds the
 * stored tree once more and says what it found; the dialect makes the text.
 */

import type { SourceExpression, SourceType } from '../../engine/sblr/source.gen.ts';

export interface ShownFacts {
  /** The type that the surroundings made of an expression without being asked, by its name in the engine; null: it stayed what it is. */
  castOf(node: SourceExpression): string | null;
  /** The type of an expression by itself; 'unknown': of none yet. Null: it was not looked at. */
  typeOf(node: SourceExpression): string | null;
  /** The whole became its column's type or length without being asked. */
  readonly isConverted: boolean;
  /** A type as text: by its name in the engine, or as it was written. */
  typeText(type: string | SourceType): string;
  /** VALUE of a domain. */
  readonly isOfDomain: boolean;
}

export interface ShownText {
  /** All parentheses. */
  readonly plain: string;
  /** Those that are needed, or nearly so. */
  readonly pretty: string;
  /** It looks like a call: it needs none around it. */
  readonly isCall: boolean;
}
