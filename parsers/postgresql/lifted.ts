/**
 * Placeholders of lifted literals in normalised text: control characters, which stand nowhere else outside quotes. Each also tells
 * the literal's class, so that texts are equal only when the classes are.
 */

import type { LiteralClass } from '../../plugins/contract/contract.ts';

export const PLACEHOLDERS: { readonly [kind in LiteralClass]: string } = {
  int4: '\x01',
  int8: '\x02',
  numeric: '\x03',
  string: '\x04',
};

export const FIRST_PLACEHOLDER = 1;
export const LAST_PLACEHOLDER = 4;
