/** Functions on text. Positions and lengths count code points; what is ASCII, or has no surrogates, takes the short way. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { badParameter, tooLarge } from './errors.ts';
import { int4Of } from './integers.ts';

/** Characters of the longest text that functions make. */
const LENGTH_MAX = 268435456;

const SURROGATE = /[\ud800-\udfff]/;
export const hasSurrogates = (text: string): boolean => SURROGATE.test(text);

export function lengthOf(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit < 0xdc00) length--;
  }
  return length;
}

/** Code units from the start to code point `count`. */
function unitsOf(text: string, count: number): number {
  let at = 0;
  for (let rest = count; rest > 0 && at < text.length; rest--) at += (text.codePointAt(at) as number) > 0xffff ? 2 : 1;
  return at;
}
export function sliceText(text: string, from: number, to: number): string {
  if (!hasSurrogates(text)) return text.slice(from, to);
  const start = unitsOf(text, from);
  return text.slice(start, start + unitsOf(text.slice(start), to - from));
}

/** From position `from` (1 is the first), `count` characters; positions before the first count, but there is nothing. */
export function substring(text: string, from: number, count: number): string {
  if (count < 0) throw new SqlError(SQLSTATE.substring_error, 'negative substring length not allowed');
  const start = Math.max(from, 1) - 1;
  const end = from + count - 1;
  return end <= start ? '' : sliceText(text, start, end);
}
export const substringFrom = (text: string, from: number): string => sliceText(text, Math.max(from, 1) - 1, Infinity);

export function overlay(text: string, by: string, from: number, count: number): string {
  if (from <= 0) throw new SqlError(SQLSTATE.substring_error, 'negative substring length not allowed');
  return substring(text, 1, from - 1) + by + substringFrom(text, int4Of(from + count));
}

export function position(text: string, wanted: string): number {
  const at = text.indexOf(wanted);
  return at < 0 ? 0 : lengthOf(text.slice(0, at)) + 1;
}

/** Letters whose other case is one character; others stay, as in the C library. */
function mapCase(text: string, of: (character: string) => string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is meant.
  if (/^[\u0000-\u007f]*$/.test(text)) return of(text);
  let result = '';
  for (const character of text) {
    const mapped = of(character);
    result += mapped.length === character.length ? mapped : character;
  }
  return result;
}
export const lower = (text: string): string => mapCase(text, (part) => part.toLowerCase());
export const upper = (text: string): string => mapCase(text, (part) => part.toUpperCase());

export function initcap(text: string): string {
  let result = '';
  let inWord = false;
  for (const character of text) {
    result += inWord ? lower(character) : upper(character);
    inWord = /[\p{L}\p{N}]/u.test(character);
  }
  return result;
}

export function trimStart(text: string, characters: string): string {
  if (characters === '') return text;
  const set = new Set(characters);
  let at = 0;
  for (const character of text) {
    if (!set.has(character)) break;
    at += character.length;
  }
  return text.slice(at);
}
export function trimEnd(text: string, characters: string): string {
  if (characters === '') return text;
  const set = new Set(characters);
  let end = text.length;
  while (end > 0) {
    const low = text.charCodeAt(end - 1);
    const size = low >= 0xdc00 && low < 0xe000 && end > 1 ? 2 : 1;
    if (!set.has(text.slice(end - size, end))) break;
    end -= size;
  }
  return text.slice(0, end);
}
export const trim = (text: string, characters: string): string => trimEnd(trimStart(text, characters), characters);

function padding(count: number, fill: string): string {
  const size = lengthOf(fill);
  if (count * (fill.length / size) > LENGTH_MAX) throw tooLarge();
  const whole = fill.repeat(Math.floor(count / size));
  return whole + sliceText(fill, 0, count % size);
}
export function padStart(text: string, length: number, fill: string): string {
  const size = lengthOf(text);
  if (length <= size || fill === '') return sliceText(text, 0, Math.max(length, 0));
  return padding(length - size, fill) + text;
}
export function padEnd(text: string, length: number, fill: string): string {
  const size = lengthOf(text);
  if (length <= size || fill === '') return sliceText(text, 0, Math.max(length, 0));
  return text + padding(length - size, fill);
}

export function replaceAll(text: string, from: string, to: string): string {
  return from === '' ? text : text.replaceAll(from, () => to);
}
export function translate(text: string, from: string, to: string): string {
  const targets = [...to];
  const map = new Map<string, string>();
  let index = 0;
  for (const character of from) {
    if (!map.has(character)) map.set(character, targets[index] ?? '');
    index++;
  }
  let result = '';
  for (const character of text) result += map.get(character) ?? character;
  return result;
}
export function splitPart(text: string, delimiter: string, field: number): string {
  if (field === 0) throw badParameter('field position must not be zero');
  if (text === '') return '';
  const parts = delimiter === '' ? [text] : text.split(delimiter);
  return parts[field > 0 ? field - 1 : parts.length + field] ?? '';
}
export function repeat(text: string, count: number): string {
  if (count <= 0) return '';
  if (text.length * count > LENGTH_MAX) throw tooLarge();
  return text.repeat(count);
}
export const reverse = (text: string): string =>
  hasSurrogates(text) ? [...text].reverse().join('') : text.split('').reverse().join('');
export const left = (text: string, count: number): string =>
  count >= 0 ? sliceText(text, 0, count) : sliceText(text, 0, Math.max(lengthOf(text) + count, 0));
/** The least count of all has no opposite; it leaves the text as it is. */
export const right = (text: string, count: number): string =>
  count === -2147483648 ? text : sliceText(text, count >= 0 ? Math.max(lengthOf(text) - count, 0) : -count, Infinity);

export function chr(code: number): string {
  if (code === 0) throw new SqlError(SQLSTATE.program_limit_exceeded, 'null character not permitted');
  if (code < 0) throw badParameter('character number must be positive');
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    const what = code > 0x10ffff ? 'requested character too large for encoding' : 'requested character not valid for encoding';
    throw new SqlError(SQLSTATE.program_limit_exceeded, `${what}: ${code}`);
  }
  return String.fromCodePoint(code);
}

/** PostgreSQL's words that an identifier must be quoted for. */
const RESERVED = new Set(
  (
    'all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char character ' +
    'check coalesce collate collation column concurrently constraint create cross current_catalog current_date current_role ' +
    'current_schema current_time current_timestamp current_user dec decimal default deferrable desc distinct do else end except exists ' +
    'extract false fetch float for foreign freeze from full grant greatest group grouping having ilike in initially inner inout int ' +
    'integer intersect interval into is isnull join json_array json_arrayagg json_exists json_object json_objectagg json_query ' +
    'json_scalar json_serialize json_table json_value lateral leading least left like limit localtime localtimestamp merge_action ' +
    'national natural nchar none normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay placing ' +
    'position precision primary real references returning right row select session_user setof similar smallint some substring ' +
    'symmetric system_user table tablesample then time timestamp to trailing treat trim true union unique user using values varchar ' +
    'variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi ' +
    'xmlroot xmlserialize xmltable'
  ).split(' '),
);
export function quoteIdent(text: string): string {
  if (/^[a-z_][a-z\d_]*$/.test(text) && !RESERVED.has(text)) return text;
  return `"${text.replaceAll('"', '""')}"`;
}
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? `E${quoted}` : quoted;
}

const SPEC = /^(?:(\d+)\$)?(-*)(\d+|\*(?:(\d+)\$)?)?([\s\S])?/;

/** format(): %s, %I, %L, %%, with positions, widths and left alignment. */
export function format(pattern: string | null, ...given: (string | null)[]): string | null {
  if (pattern === null) return null;
  let result = '';
  let next = 0;
  const argument = (index: number): string | null => {
    if (index >= given.length) throw badParameter('too few arguments for format()');
    return given[index];
  };
  for (let at = 0; at < pattern.length; ) {
    const percent = pattern.indexOf('%', at);
    if (percent < 0) return result + pattern.slice(at);
    result += pattern.slice(at, percent);
    const match = SPEC.exec(pattern.slice(percent + 1)) as RegExpExecArray;
    at = percent + 1 + match[0].length;
    const kind = match[5];
    if (kind === undefined) throw badParameter('unterminated format() type specifier', 'For a single "%" use "%%".');
    if (kind === '%' && match[0] === '%') {
      result += '%';
      continue;
    }
    let width = match[3] === undefined ? 0 : Number(match[3]);
    if (match[3]?.startsWith('*')) {
      if (match[4] === undefined) width = Number(argument(next++) ?? 0);
      else width = Number(argument(Number(match[4]) - 1) ?? 0);
    }
    if (match[1] === '0') throw badParameter('format specifies argument 0, but arguments are numbered from 1');
    const index = match[1] === undefined ? next : Number(match[1]) - 1;
    if (!'sIL'.includes(kind)) throw badParameter(`unrecognized format() type specifier "${kind}"`, 'For a single "%" use "%%".');
    const value = argument(index);
    next = index + 1;
    result += aligned(formatted(kind, value), width, match[2] !== '' || width < 0);
  }
  return result;
}
function formatted(kind: string, value: string | null): string {
  if (kind === 's') return value ?? '';
  if (kind === 'L') return value === null ? 'NULL' : quoteLiteral(value);
  if (value === null) throw new SqlError(SQLSTATE.null_value_not_allowed, 'null values cannot be formatted as an SQL identifier');
  return quoteIdent(value);
}
function aligned(text: string, width: number, isLeft: boolean): string {
  const missing = Math.abs(width) - lengthOf(text);
  if (missing <= 0) return text;
  if (missing > LENGTH_MAX) throw tooLarge();
  return isLeft ? text + ' '.repeat(missing) : ' '.repeat(missing) + text;
}

/** For a column of type varchar(length): what is too long is cut by a cast, refused by an assignment unless it is blanks. */
export function fitVarchar(text: string, length: number, explicit: boolean): string {
  if (length < 0 || text.length <= length) return text;
  const size = lengthOf(text);
  if (size <= length) return text;
  const cut = sliceText(text, 0, length);
  if (!explicit && !/^ *$/.test(text.slice(cut.length))) throw tooLong(`character varying(${length})`);
  return cut;
}
export function fitChar(text: string, length: number, explicit: boolean): string {
  if (length < 0) return text;
  const size = lengthOf(text);
  if (size <= length) return size === 0 ? blanks(length) : text + blanks(length - size);
  const cut = sliceText(text, 0, length);
  if (!explicit && !/^ *$/.test(text.slice(cut.length))) throw tooLong(`character(${length})`);
  return cut;
}

const BLANKS_MAX = 256;
/** Made once, in one piece: repeat() makes a tree of pieces, which whoever reads it puts together each time. */
const someBlanks: string[] = [];

function blanks(count: number): string {
  if (count > BLANKS_MAX) return ' '.repeat(count);
  someBlanks[count] ??= Buffer.alloc(count, ' ').toString('latin1');
  return someBlanks[count];
}

const tooLong = (type: string): SqlError =>
  new SqlError(SQLSTATE.string_data_right_truncation, `value too long for type ${type}`);

/** A name: 63 bytes at most, cut between characters. */
export function toName(text: string): string {
  if (text.length * 3 <= 63 || Buffer.byteLength(text) <= 63) return text;
  let result = '';
  let bytes = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > 63) break;
    result += character;
  }
  return result;
}
