/** Ranges and multiranges as text: '[1,10)', '(,5]', 'empty', '{[1,3),[5,7)}'. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { RangeValue } from '../storage/rows/nested-value.ts';
import type { RowValue } from '../storage/rows/row-value.ts';

const NEEDS_QUOTES = /^$|["\\()[\], \t\n\v\f\r]/;
const SPACE = /[ \t\n\v\f\r]/;

const quoted = (text: string): string => (NEEDS_QUOTES.test(text) ? `"${text.replace(/["\\]/g, '$&$&')}"` : text);

export function rangeText(range: RangeValue, output: (bound: RowValue) => string): string {
  if (range.empty) return 'empty';
  const bound = (value: RowValue): string => (value === null ? '' : quoted(output(value)));
  return `${range.lowerInclusive ? '[' : '('}${bound(range.lower)},${bound(range.upper)}${range.upperInclusive ? ']' : ')'}`;
}

export interface RangeParts {
  readonly empty: boolean;
  readonly lower: string | null;
  readonly upper: string | null;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
}

const malformed = (what: string, text: string, detail: string): SqlError =>
  new SqlError(SQLSTATE.invalid_text_representation, `malformed ${what} literal: "${text}"`, { detail });

function skip(text: string, at: number): number {
  while (at < text.length && SPACE.test(text[at])) at++;
  return at;
}

/** One bound from `at` on; null: there is none. */
function readBound(text: string, from: number): { readonly value: string | null; readonly end: number } {
  let at = from;
  if (text[at] === ',' || text[at] === ')' || text[at] === ']') return { value: null, end: at };
  let value = '';
  let isQuoted = false;
  for (; isQuoted || !(text[at] === ',' || text[at] === ')' || text[at] === ']'); at++) {
    const character = text[at];
    if (character === undefined) throw malformed('range', text, 'Unexpected end of input.');
    if (character === '\\') {
      if (text[++at] === undefined) throw malformed('range', text, 'Unexpected end of input.');
      value += text[at];
    } else if (character !== '"') value += character;
    else if (!isQuoted) isQuoted = true;
    else if (text[at + 1] === '"') {
      value += '"';
      at++;
    } else isQuoted = false;
  }
  return { value, end: at };
}

/** 22P02 */
export function readRange(text: string): RangeParts {
  let at = skip(text, 0);
  if (/^empty[ \t\n\v\f\r]*$/i.test(text.slice(at)))
    return { empty: true, lower: null, upper: null, lowerInclusive: false, upperInclusive: false };
  const open = text[at++];
  if (open !== '[' && open !== '(') throw malformed('range', text, 'Missing left parenthesis or bracket.');
  const lower = readBound(text, at);
  if (text[lower.end] !== ',') throw malformed('range', text, 'Missing comma after lower bound.');
  const upper = readBound(text, lower.end + 1);
  at = upper.end;
  const close = text[at++];
  if (close !== ']' && close !== ')') throw malformed('range', text, 'Too many commas.');
  if (skip(text, at) < text.length) throw malformed('range', text, 'Junk after right parenthesis or bracket.');
  return {
    empty: false,
    lower: lower.value,
    upper: upper.value,
    lowerInclusive: open === '[' && lower.value !== null,
    upperInclusive: close === ']' && upper.value !== null,
  };
}

/** The texts of a multirange's ranges. 22P02 */
export function splitMultirange(text: string): string[] {
  let at = skip(text, 0);
  if (text[at++] !== '{') throw malformed('multirange', text, 'Missing left brace.');
  const ranges: string[] = [];
  for (at = skip(text, at); text[at] !== '}'; at = skip(text, at)) {
    if (ranges.length > 0) {
      if (text[at] !== ',') throw malformed('multirange', text, 'Expected comma or end of multirange.');
      at = skip(text, at + 1);
    }
    const end = rangeEnd(text, at);
    if (end < 0) throw malformed('multirange', text, at >= text.length ? 'Unexpected end of input.' : 'Expected range start.');
    ranges.push(text.slice(at, end));
    at = end;
  }
  if (skip(text, at + 1) < text.length) throw malformed('multirange', text, 'Junk after closing right brace.');
  return ranges;
}

function rangeEnd(text: string, from: number): number {
  if (/^empty/i.test(text.slice(from, from + 5))) return from + 5;
  if (text[from] !== '[' && text[from] !== '(') return -1;
  let isQuoted = false;
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (text[at] === ']' || text[at] === ')')) return at + 1;
  }
  return -1;
}
