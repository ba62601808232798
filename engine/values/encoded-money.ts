/**
 * money: a number of cents. The value is 16 hexadecimal digits of it and 2^63, so that texts have the order of amounts.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { decimalOf, formatUnits, roundDecimal } from './decimal.ts';
import { divisionByZero, outOfRange } from './errors.ts';
import type { Implementation } from './functions.ts';
import type { Int8 } from './integers.ts';

const BIAS = 1n << 63n;
const DIGITS = 16;

export const centsOf = (value: string): bigint => BigInt(`0x${value}`) - BIAS;

/** 22003 */
export function moneyOf(cents: bigint): string {
  if (cents < -BIAS || cents >= BIAS) throw outOfRange('money');
  return (cents + BIAS).toString(16).padStart(DIGITS, '0');
}

const FORM = /^\s*(\(?)\s*([-+]?)\s*\$?\s*([-+]?)\s*([\d,]*)(?:\.(\d*))?\s*\$?\s*([-+]?)\s*(\)?)\s*$/;

export function readMoney(text: string): string {
  const match = FORM.exec(text);
  if (match === null) throw new SqlError(SQLSTATE.invalid_text_representation, `invalid input syntax for type money: "${text}"`);
  const [, open, sign, second, whole, part = '', third] = match;
  const digits = whole.replaceAll(',', '');
  let cents = BigInt(`${digits === '' ? '0' : digits}${part.slice(0, 2).padEnd(2, '0')}`);
  if (part.length > 2 && part[2] >= '5') cents += 1n;
  const isNegative = open !== '' || sign === '-' || second === '-' || third === '-';
  try {
    return moneyOf(isNegative ? -cents : cents);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw new SqlError(SQLSTATE.numeric_value_out_of_range, `value "${text}" is out of range for type money`);
  }
}

export function writeMoney(value: string): string {
  const cents = centsOf(value);
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, '0');
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${cents < 0n ? '-' : ''}$${whole}.${digits.slice(-2)}`;
}

const even = (x: number): number => {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
};
function fromFloat(cents: number): string {
  if (!Number.isFinite(cents)) throw outOfRange('money');
  return moneyOf(BigInt(even(cents)));
}

function divided(value: string, by: Int8): string {
  if (BigInt(by) === 0n) throw divisionByZero();
  return moneyOf(centsOf(value) / BigInt(by));
}
function dividedByFloat(value: string, by: number): string {
  if (by === 0) throw divisionByZero();
  return fromFloat(Number(centsOf(value)) / by);
}

const UNITS = [
  '',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
].concat(['fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen']);
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const POWERS = ['', ' thousand', ' million', ' billion', ' trillion', ' quadrillion'];

/** A number below 1000 in words. */
function hundredWords(number: number): string {
  const rest = number % 100;
  const hundreds = Math.floor(number / 100);
  const small = rest < 20 ? UNITS[rest] : TENS[Math.floor(rest / 10)] + (rest % 10 === 0 ? '' : ` ${UNITS[rest % 10]}`);
  if (hundreds === 0) return small;
  return rest === 0 ? `${UNITS[hundreds]} hundred` : `${UNITS[hundreds]} hundred ${small}`;
}

/** cash_words(): an amount as it is written on a cheque. */
export function moneyWords(value: string): string {
  let cents = centsOf(value);
  let words = '';
  if (cents < 0n) {
    words = 'minus ';
    cents = -cents;
  }
  const dollars = cents / 100n;
  const part = Number(cents % 100n);
  for (let power = POWERS.length - 1; power >= 0; power--) {
    const group = Number((dollars / 1000n ** BigInt(power)) % 1000n);
    if (group !== 0) words += power === 0 ? hundredWords(group) : `${hundredWords(group)}${POWERS[power]} `;
  }
  if (dollars === 0n) words += 'zero';
  words += dollars === 1n ? ' dollar and ' : ' dollars and ';
  words += `${part === 0 ? 'zero' : hundredWords(part)}${part === 1 ? ' cent' : ' cents'}`;
  return words[0].toUpperCase() + words.slice(1);
}

function ofNumeric(text: string): string {
  const value = decimalOf(text);
  if (value.kind === 'nan') throw new SqlError(SQLSTATE.feature_not_supported, 'cannot convert NaN to money');
  if (value.kind !== 'finite') throw new SqlError(SQLSTATE.feature_not_supported, 'cannot convert infinity to money');
  const { units } = roundDecimal(value, 2);
  return moneyOf(units);
}

const table: { [primitive: string]: Implementation } = {
  'money.add': (a: string, b: string) => moneyOf(centsOf(a) + centsOf(b)),
  'money.sub': (a: string, b: string) => moneyOf(centsOf(a) - centsOf(b)),
  'money.div': (a: string, b: string) => {
    if (centsOf(b) === 0n) throw divisionByZero();
    return Number(centsOf(a)) / Number(centsOf(b));
  },
  'money.words': moneyWords,
  'money.to.numeric': (value: string) => formatUnits(centsOf(value), 2),
  'numeric.to.money': ofNumeric,
  'int4.to.money': (value: number) => moneyOf(BigInt(value) * 100n),
  'int8.to.money': (value: Int8) => moneyOf(BigInt(value) * 100n),
};
for (const type of ['int2', 'int4', 'int8']) {
  table[`money.mul.${type}`] = (value: string, by: Int8) => moneyOf(centsOf(value) * BigInt(by));
  table[`${type}.mul.money`] = (by: Int8, value: string) => moneyOf(centsOf(value) * BigInt(by));
  table[`money.div.${type}`] = divided;
}
for (const type of ['float4', 'float8']) {
  table[`money.mul.${type}`] = (value: string, by: number) => fromFloat(Number(centsOf(value)) * by);
  table[`${type}.mul.money`] = (by: number, value: string) => fromFloat(Number(centsOf(value)) * by);
  table[`money.div.${type}`] = dividedByFloat;
}
export const moneyFunctions: { readonly [primitive: string]: Implementation } = table;
