/** Rows as text: '(1,"a b",)'. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { RowValue } from '../storage/rows/row-value.ts';

const NEEDS_QUOTES = /^$|["\\(), \t\n\v\f\r]/;
const SPACE = /[ \t\n\v\f\r]/;

const quoted = (text: string): string => (NEEDS_QUOTES.test(text) ? `"${text.replace(/["\\]/g, '$&$&')}"` : text);

/** `output`: the text of a field. */
export const recordText = (fields: readonly RowValue[], output: (field: RowValue, index: number) => string): string =>
  `(${fields.map((field, index) => (field === null ? '' : quoted(output(field, index)))).join(',')})`;

/** The texts of the fields of '(...)'; null: NULL. 22P02 with the detail. */
export function readRecord(text: string, count: number): (string | null)[] {
  const malformed = (detail: string): SqlError =>
    new SqlError(SQLSTATE.invalid_text_representation, `malformed record literal: "${text}"`, { detail });
  let at = 0;
  while (at < text.length && SPACE.test(text[at])) at++;
  if (text[at++] !== '(') throw malformed('Missing left parenthesis.');
  const fields: (string | null)[] = [];
  while (fields.length < count) {
    if (fields.length > 0) {
      if (text[at] !== ',') throw malformed('Too few columns.');
      at++;
    }
    if (text[at] === ',' || text[at] === ')') {
      fields.push(null);
      continue;
    }
    let field = '';
    let isQuoted = false;
    for (; isQuoted || (text[at] !== ',' && text[at] !== ')'); at++) {
      const character = text[at];
      if (character === undefined) throw malformed('Unexpected end of input.');
      if (character === '\\') {
        if (text[++at] === undefined) throw malformed('Unexpected end of input.');
        field += text[at];
      } else if (character !== '"') field += character;
      else if (!isQuoted) isQuoted = true;
      else if (text[at + 1] === '"') {
        field += '"';
        at++;
      } else isQuoted = false;
    }
    fields.push(field);
  }
  if (text[at++] !== ')') throw malformed('Too many columns.');
  while (at < text.length && SPACE.test(text[at])) at++;
  if (at < text.length) throw malformed('Junk after right parenthesis.');
  return fields;
}
