/** Number literals: the narrowest type that holds them, as the dialect says. */

import type { DialectSemantics } from '../../sblr/semantics.ts';
import { type SqlType, sqlType, type TypeName } from '../../sblr/types.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { fault } from './errors.ts';

const RANGES: { readonly [name in TypeName]?: readonly [bigint, bigint] } = {
  int2: [-(2n ** 15n), 2n ** 15n - 1n],
  int4: [-(2n ** 31n), 2n ** 31n - 1n],
  int8: [-(2n ** 63n), 2n ** 63n - 1n],
};
/** Digits on either side of the point that a numeric may have. */
const NUMERIC_DIGITS_MAX = 131_072;

const INTEGER = /^-?(\d[\d_]*|0x[\da-f_]+|0o[0-7_]+|0b[01_]+)$/i;
const DECIMAL = /^(-?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;

/** Decimal text without an exponent: '1.5e3' -> '1500', '1e-3' -> '0.001'. */
export function expandDecimal(text: string, at: number): string {
  const match = DECIMAL.exec(text.replaceAll('_', ''));
  if (match === null || (match[2] === '' && (match[3] ?? '') === ''))
    throw fault(SQLSTATE.syntax_error, `"${text}" is no number`, at);
  const [, sign, whole, fraction = '', exponent = '0'] = match;
  const shift = Number(exponent);
  if (Math.abs(shift) + whole.length + fraction.length > NUMERIC_DIGITS_MAX)
    throw fault(SQLSTATE.numeric_value_out_of_range, 'value overflows numeric format', at);
  const digits = whole + fraction;
  const point = whole.length + shift;
  const before = point <= 0 ? '' : digits.slice(0, point).padEnd(point, '0');
  const after = point >= digits.length ? '' : '0'.repeat(Math.max(-point, 0)) + digits.slice(Math.max(point, 0));
  const integer = before.replace(/^0+(?=\d)/, '') || '0';
  const isZero = !/[1-9]/.test(digits);
  return `${isZero ? '' : sign}${integer}${after === '' ? '' : `.${after}`}`;
}

function readInteger(text: string): bigint {
  const plain = text.replaceAll('_', '');
  return plain.startsWith('-') ? -BigInt(plain.slice(1)) : BigInt(plain);
}

/** A number's value and type. A numeric's scale and digits are those of its text. */
export function readNumber(text: string, semantics: DialectSemantics, at: number): { value: RowValue; type: SqlType } {
  if (INTEGER.test(text)) {
    const value = readInteger(text);
    for (const name of semantics.literals.integers) {
      const range = RANGES[name];
      if (range === undefined || value < range[0] || value > range[1]) continue;
      const digits = String(value < 0n ? -value : value).length;
      return { value: Number.isSafeInteger(Number(value)) ? Number(value) : value, type: { ...sqlType(name, false), digits } };
    }
    return decimal(String(value), semantics);
  }
  return decimal(expandDecimal(text, at), semantics);
}

function decimal(text: string, semantics: DialectSemantics): { value: RowValue; type: SqlType } {
  const name = semantics.literals.decimal;
  if (name !== 'numeric') return { value: Number(text), type: sqlType(name, false) };
  const [whole, fraction = ''] = text.replace('-', '').split('.');
  const digits = (whole.replace(/^0+/, '') + fraction).length || 1;
  return { value: text, type: { ...sqlType('numeric', false), scale: fraction.length, digits } };
}
