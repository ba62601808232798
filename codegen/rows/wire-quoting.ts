/**
 * Values whose text has characters with a meaning in their format (row-format.ts, Quoting): looked at after they were written, and
 * moved apart where there are any, which is rare.
 *
 * Hot: the look.
 */

import type { RowOutput } from '../../plugins/contract/output.ts';
import type { Quoting, ValueForm } from '../../plugins/contract/row-format.ts';

const BACKSLASH = 92;

/** Letters of controls that have one: \b \t \n \v \f \r. */
const LETTERS: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 98, 116, 110, 118, 102, 114];

/** Types whose text has digits, letters, blanks, points, colons and signs only. */
const PLAIN_TYPES: ReadonlySet<string> = new Set(
  'bool int2 int4 int8 oid float4 float8 numeric date time timestamp timestamptz interval uuid'.split(' '),
);
const PLAIN_CHARACTERS = /[0-9A-Za-z .:+-]/;

/** Whether values of a type may have to be quoted: quoteValue() looks. */
export function isQuoted(quoting: Quoting, nil: readonly number[], form: ValueForm, type: string, column: number): boolean {
  if (form === 'binary') return false;
  if (!PLAIN_TYPES.has(type) || PLAIN_CHARACTERS.test(String.fromCharCode(quoting.delimiter))) return true;
  if (quoting.kind === 'backslash') return false;
  return quoting.force[column] || nil.length > 0 || PLAIN_CHARACTERS.test(String.fromCharCode(quoting.quote));
}

/** Gives the value in [from, output.at) its quotes or backslashes. */
export function quoteValue(output: RowOutput, from: number, quoting: Quoting, nil: readonly number[], column: number): void {
  if (quoting.kind === 'backslash') backslashes(output, from, quoting.delimiter);
  else if (quoting.force[column] || needsQuotes(output, from, quoting, nil, column === 0 && quoting.force.length === 1))
    quotes(output, from, quoting);
}

function backslashes(output: RowOutput, from: number, delimiter: number): void {
  const { bytes, at } = output;
  let count = 0;
  for (let index = from; index < at; index++) {
    const byte = bytes[index];
    if (byte === BACKSLASH || byte === delimiter || (byte >= 8 && byte <= 13)) count++;
  }
  if (count > 0) spread(output, from, count, delimiter);
}

/** From the end, so that each byte is moved once. */
function spread(output: RowOutput, from: number, count: number, delimiter: number): void {
  output.need(count);
  const { bytes } = output;
  let to = output.at + count;
  let index = output.at;
  output.at = to;
  while (to > index) {
    const byte = bytes[--index];
    if (byte >= 8 && byte <= 13) bytes[--to] = LETTERS[byte];
    else bytes[--to] = byte;
    if (byte === BACKSLASH || byte === delimiter || (byte >= 8 && byte <= 13)) bytes[--to] = BACKSLASH;
    if (index === from) return;
  }
}

type Quotes = Extract<Quoting, { kind: 'quotes' }>;

/** The end of data in PostgreSQL's format, where it stands alone in a row. */
const isEndMark = (bytes: Buffer, from: number, at: number): boolean =>
  at - from === 2 && bytes[from] === 92 && bytes[from + 1] === 46;

function needsQuotes(
  output: RowOutput,
  from: number,
  { delimiter, quote }: Quotes,
  nil: readonly number[],
  alone: boolean,
): boolean {
  const { bytes, at } = output;
  if (at - from === nil.length && nil.every((byte, index) => bytes[from + index] === byte)) return true;
  if (alone && isEndMark(bytes, from, at)) return true;
  for (let index = from; index < at; index++) {
    const byte = bytes[index];
    if (byte === delimiter || byte === quote || byte === 10 || byte === 13) return true;
  }
  return false;
}

function quotes(output: RowOutput, from: number, { quote, escape: mark }: Quotes): void {
  let count = 2;
  for (let index = from; index < output.at; index++) {
    const byte = output.bytes[index];
    if (byte === quote || byte === mark) count++;
  }
  output.need(count);
  const { bytes } = output;
  let to = output.at + count;
  let index = output.at;
  output.at = to;
  bytes[--to] = quote;
  while (index > from) {
    const byte = bytes[--index];
    bytes[--to] = byte;
    if (byte === quote || byte === mark) bytes[--to] = mark;
  }
  bytes[--to] = quote;
}
