/** Primitives that ask about the system (engine/sblr/primitives-system.ts). */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { ArrayValue } from '../storage/rows/nested-value.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { checkEncoding, decodeUtf8 } from './bytes.ts';
import type { ValueContext } from './context.ts';
import { badParameter } from './errors.ts';
import type { Implementation } from './functions.ts';
import { castFunctions } from './functions-casts.ts';
import { rightFunctions } from './functions-rights.ts';
import { waitFunctions } from './functions-waits.ts';
import { likeEscape } from './like.ts';

/** By number: names of encodings, and the bytes of their longest character. */
const ENCODINGS = (
  'SQL_ASCII/1 EUC_JP/3 EUC_CN/2 EUC_KR/3 EUC_TW/4 EUC_JIS_2004/3 UTF8/4 MULE_INTERNAL/4 LATIN1/1 LATIN2/1 LATIN3/1 LATIN4/1 ' +
  'LATIN5/1 LATIN6/1 LATIN7/1 LATIN8/1 LATIN9/1 LATIN10/1 WIN1256/1 WIN1258/1 WIN866/1 WIN874/1 KOI8R/1 WIN1251/1 WIN1252/1 ' +
  'ISO_8859_5/1 ISO_8859_6/1 ISO_8859_7/1 ISO_8859_8/1 WIN1250/1 WIN1253/1 WIN1254/1 WIN1255/1 WIN1257/1 KOI8U/1 SJIS/2 BIG5/2 ' +
  'GBK/2 UHC/2 GB18030/4 JOHAB/3 SHIFT_JIS_2004/2'
)
  .split(' ')
  .map((one) => one.split('/'));
const plainName = (name: string): string => name.toLowerCase().replace(/[^a-z\d]/g, '');

/** What a look-up that finds nothing fails with. */
const NOTHING: ReadonlySet<string> = new Set(['42P01', '42704', '42883', '42725', '3F000', '42602', '42601']);

const find =
  (type: string): Implementation =>
  (text: string, context: ValueContext) => {
    if (/^\s*\d+\s*$/.test(text)) return null;
    try {
      return castFunctions[`text.to.${type}`] === undefined
        ? (context.types?.objectNumber(type, text) ?? null)
        : castFunctions[`text.to.${type}`](text, context);
    } catch (error) {
      if (error instanceof SqlError && NOTHING.has(error.code)) return null;
      throw error;
    }
  };

/** Found by its name alone. */
const isVisible =
  (type: string): Implementation =>
  (id: number, context: ValueContext) => {
    const name = context.types?.objectName(type, id) ?? null;
    return name === null ? null : !/^(?:"(?:[^"]|"")*"|[^".(]+)\./.test(name);
  };

/** format_type(): a type with its modifiers. */
function formatType(id: number | null, modifier: number | null, context: ValueContext): string | null {
  if (id === null) return null;
  if (id === 0) return '-';
  const name = context.types?.objectName('regtype', id) ?? null;
  if (name === null) return '???';
  const list = name.endsWith('[]') ? '[]' : '';
  const base = list === '' ? name : name.slice(0, -2);
  if (modifier === null || modifier < 0) return base === 'character' && modifier !== null ? `bpchar${list}` : name;
  return withModifier(base, modifier) + list;
}

/** What is added to a length, or a precision and scale, as a type's modifier. */
const HEADER = 4;
const LENGTH_MAX = 10_485_760;
function withModifier(base: string, modifier: number): string {
  switch (base) {
    case 'character varying':
    case 'character':
      return modifier > HEADER ? `${base}(${modifier - HEADER})` : base;
    case 'numeric': {
      const packed = modifier - HEADER;
      const scale = packed & 0x7ff;
      return `numeric(${(packed >> 16) & 0xffff},${scale >= 0x400 ? scale - 0x800 : scale})`;
    }
    case 'bit':
    case 'bit varying':
      return `${base}(${modifier})`;
    default: {
      const zoned = /^(time|timestamp) (with(?:out)? time zone)$/.exec(base);
      return zoned === null ? base : `${zoned[1]}(${modifier}) ${zoned[2]}`;
    }
  }
}

// ---- text ----

const LATIN = { LATIN1: 1, LATIN2: 1, LATIN9: 1, WIN1250: 1 };
const NUMBERS: { readonly [number: number]: string } = { 8: 'LATIN1', 9: 'LATIN2', 16: 'LATIN9', 29: 'WIN1250' };

/** to_ascii(): of the encodings that PostgreSQL converts from; UTF-8 is none of them. 0A000 */
function toAscii(encoding: string): Implementation {
  return (text: string) => {
    const found = Object.keys(LATIN).find((name) => plainName(name) === plainName(encoding));
    if (found === undefined && !ENCODINGS.some(([name]) => plainName(name) === plainName(encoding)))
      throw new SqlError(SQLSTATE.undefined_object, `${encoding} is not a valid encoding name`);
    if (found === undefined)
      throw new SqlError(SQLSTATE.feature_not_supported, `encoding conversion from ${encoding} to ASCII not supported`);
    return Array.from(text, (character) => {
      const code = character.codePointAt(0) as number;
      if (code < 128) return character;
      const plain = character.normalize('NFD').replaceAll(/[\u0300-\u036f]/g, '');
      return plain.charCodeAt(0) < 128 ? plain : ' ';
    }).join('');
  };
}

function convert(value: Uint8Array, from: string, to: string): Uint8Array {
  checkEncoding(from, 'invalid source encoding name');
  checkEncoding(to, 'invalid destination encoding name');
  decodeUtf8(value);
  return value;
}

// ---- chance ----

const MASK = (1n << 64n) - 1n;
/** Source: S. Vigna, splitmix64; D. Blackman and S. Vigna, xoroshiro128**: what PostgreSQL draws from, so that seeds give its numbers. */
export function seededRandom(seed: number): () => number {
  let state = BigInt.asUintN(64, BigInt(Math.trunc(seed * 4503599627370495)));
  const mixed = (): bigint => {
    state = (state + 0x9e3779b97f4a7c15n) & MASK;
    let value = state;
    value = ((value ^ (value >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    value = ((value ^ (value >> 27n)) * 0x94d049bb133111ebn) & MASK;
    return value ^ (value >> 31n);
  };
  const rotated = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (64n - by))) & MASK;
  let a = mixed();
  let b = mixed();
  return () => {
    const x = a ^ b;
    const value = (rotated((a * 5n) & MASK, 7n) * 9n) & MASK;
    a = rotated(a, 24n) ^ x ^ ((x << 16n) & MASK);
    b = rotated(x, 37n);
    return Number(value >> 12n) / 4503599627370496;
  };
}

function setSeed(seed: number, context: ValueContext): string {
  if (!(seed >= -1 && seed <= 1)) throw badParameter(`setseed parameter ${seed} is out of allowed range [-1,1]`);
  if (context.setRandom === undefined) throw new SqlError(SQLSTATE.feature_not_supported, 'setseed is not supported here');
  context.setRandom(seededRandom(seed));
  return '';
}

const started = Math.round(performance.timeOrigin * 1000);

const table: { [primitive: string]: Implementation } = {
  ...rightFunctions,
  ...waitFunctions,
  'regclass.isVisible': isVisible('regclass'),
  'regtype.isVisible': isVisible('regtype'),
  'regproc.isVisible': isVisible('regproc'),
  'regoper.isVisible': isVisible('regoper'),
  'regrole.nameOf': (id: number, context: ValueContext) => context.types?.objectName('regrole', id) ?? `unknown (OID=${id})`,
  'regtype.format': formatType,
  'session.encodingNumber': (name: string) => ENCODINGS.findIndex(([known]) => plainName(known) === plainName(name)),
  'session.encodingName': (number: number) => ENCODINGS[number]?.[0] ?? '',
  'session.encodingBytes': (number: number) => (ENCODINGS[number] === undefined ? null : Number(ENCODINGS[number][1])),
  'session.isInRecovery': () => false,
  'session.triggerDepth': () => 0,
  'session.hasJit': () => false,
  'session.temporarySchema': () => 0,
  'session.isOtherTemporarySchema': () => false,
  'session.startTime': () => started,
  'session.setSeed': setSeed,
  'any.compression': () => null,
  'text.toAscii': toAscii('UTF8'),
  'text.toAscii.name': (text: string, name: string) => toAscii(name)(text),
  'text.toAscii.number': (text: string, number: number) =>
    toAscii(NUMBERS[number] ?? ENCODINGS[number]?.[0] ?? String(number))(text),
  'bytea.convert': convert,
  'bytea.lengthIn': (value: Uint8Array, encoding: string) => {
    checkEncoding(encoding, 'invalid encoding name');
    return Array.from(decodeUtf8(value)).length;
  },
  'bytea.likeEscape': (pattern: Uint8Array, escaper: Uint8Array) =>
    new Uint8Array(
      Buffer.from(likeEscape(Buffer.from(pattern).toString('latin1'), Buffer.from(escaper).toString('latin1')), 'latin1'),
    ),
  'name.concatOid': (name: string, id: number) => {
    const tail = `_${id}`;
    let head = Buffer.from(name)
      .subarray(0, 63 - tail.length)
      .toString();
    if (head.endsWith('\ufffd')) head = head.slice(0, -1);
    return head + tail;
  },
  'oidvector.typeNames': ({ items }: ArrayValue, context: ValueContext) =>
    (items as readonly number[]).map((id) => formatType(id, null, context)).join(', '),
};
for (const type of ['regclass', 'regtype', 'regproc', 'regprocedure', 'regnamespace', 'regrole', 'regoper'])
  table[`${type}.find`] = find(type);
for (const type of ['time', 'timestamp', 'timestamptz', 'interval'])
  table[`${type}.scaled`] = (value: RowValue, digits: number) =>
    digits < 0 ? value : castFunctions[`${type}.to.${type}`](value, Math.min(digits, 6));
for (const type of ['char', 'varchar']) {
  table[`${type}.scaled`] = (value: string, modifier: number, explicit: boolean) =>
    modifier <= HEADER ? value : castFunctions[`${type}.to.${type}`](value, Math.min(modifier - HEADER, LENGTH_MAX), explicit);
}
table['numeric.scaled'] = (value: string, modifier: number) => {
  if (modifier < HEADER) return value;
  const packed = modifier - HEADER;
  return castFunctions['numeric.to.numeric'](value, (packed >> 16) & 0xffff, packed & 0x7ff);
};
export const systemFunctions: { readonly [primitive: string]: Implementation } = table;
