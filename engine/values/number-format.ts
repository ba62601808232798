/** to_char of numbers and to_number, by the templates of number-template.ts. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import {
  Decimal,
  decimalOf,
  digitsOf,
  fitDecimal,
  formatDecimal,
  multiplyDecimals,
  parseDecimalText,
  roundTo,
  tenTo,
} from './decimal.ts';
import { badSyntax } from './errors.ts';
import { parseTemplate, type Template } from './number-template.ts';
import { type Int8, int8Of } from './integers.ts';

export function ordinal(digits: string, upper: boolean): string {
  const last = digits.at(-1);
  const isTeen = digits.length > 1 && digits.at(-2) === '1';
  const suffix = isTeen ? 'th' : last === '1' ? 'st' : last === '2' ? 'nd' : last === '3' ? 'rd' : 'th';
  return upper ? suffix.toUpperCase() : suffix;
}

/** Writes digits into a template: the state of one number. */
class Writer {
  readonly template: Template;
  /** Without a sign. */
  readonly number: string;
  readonly negative: boolean;
  readonly spaces: number;
  readonly relevant: number;
  readonly count: number;
  sign: Template['sign'];
  hasBrackets: boolean;
  zeroStart: number;
  out = '';
  at = 0;
  current = 0;
  signWritten = false;
  inNumber = false;

  constructor(template: Template, number: string, negative: boolean, spaces: number) {
    this.template = template;
    this.number = number;
    this.negative = negative;
    this.spaces = spaces;
    this.zeroStart = template.zeroStart > 0 ? template.zeroStart - 1 : 0;
    this.sign = template.sign;
    this.hasBrackets = template.hasBrackets;
    if (template.hasPlus || template.hasMinus) {
      this.signWritten = !(template.hasPlus && !template.hasMinus);
    } else {
      if (!negative && template.isFilled) this.hasBrackets = false;
      this.signWritten = !negative && template.isFilled && template.sign === 'none';
      if (template.sign === 'before' && template.pre === template.preBeforeSign) this.sign = 'after';
    }
    this.relevant = template.isFilled && template.hasPoint ? this.#lastRelevant() : -1;
    this.count = template.post + template.pre - 1 + (!this.signWritten && spaces === 0 ? 1 : 0);
  }

  /** Place of the last digit that is no zero behind the point (or of the point); 0 digits of the template are kept. */
  #lastRelevant(): number {
    const point = this.number.indexOf('.');
    if (point < 0) return -1;
    let last = point;
    for (let at = point + 1; at < this.number.length; at++) if (this.number[at] !== '0') last = at;
    if (this.template.zeroEnd > this.spaces) {
      last = Math.max(last, Math.min(this.number.length - 1, this.template.zeroEnd - this.spaces));
    }
    return last;
  }

  isSpaceBeforePoint(): boolean {
    return !this.template.hasZero && this.at === 0 && this.number[0] === '0' && this.template.post !== 0;
  }

  writeSign(): void {
    const { template } = this;
    const begins = this.current >= this.spaces || (template.hasZero && this.zeroStart === this.current);
    if (this.signWritten || !begins) return;
    if (this.isSpaceBeforePoint() && this.number[this.relevant] !== '.') return;
    if (this.sign !== 'none' || template.sign !== 'none') {
      if (this.sign !== 'before') return;
      this.out += this.negative ? '-' : '+';
    } else if (this.hasBrackets) this.out += this.negative ? '<' : ' ';
    else if (this.negative) this.out += '-';
    else if (!template.isFilled) this.out += ' ';
    this.signWritten = true;
  }

  writeDigit(isZero: boolean): void {
    const { template, spaces } = this;
    this.inNumber = false;
    this.writeSign();
    const isBefore = this.current < spaces;
    if (isBefore && (this.zeroStart > this.current || !template.hasZero)) {
      if (!template.isFilled) this.out += ' ';
    } else if (isBefore) {
      this.out += '0';
      this.inNumber = true;
    } else {
      this.writeNext(isZero);
      if (this.at < this.number.length) this.at++;
    }
    this.writeEnd();
    this.current++;
  }
  writeNext(isZero: boolean): void {
    const next = this.number[this.at];
    if (next === '.') {
      if (this.number[this.relevant] !== '.' || this.template.isFilled) this.out += '.';
    } else if (this.relevant >= 0 && this.at > this.relevant && !isZero) return;
    else if (this.isSpaceBeforePoint()) {
      if (!this.template.isFilled) this.out += ' ';
      else if (this.number[this.relevant] === '.') this.out += '0';
    } else if (next !== undefined) {
      this.out += next;
      this.inNumber = true;
    }
  }
  writeEnd(): void {
    let end = this.count + (this.spaces > 0 ? 1 : 0) + (this.template.hasPoint ? 1 : 0);
    if (this.relevant >= 0 && this.relevant === this.at) end = this.current;
    if (this.current + 1 !== end) return;
    if (this.signWritten && this.hasBrackets) this.out += this.negative ? '>' : ' ';
    else if (this.sign === 'after') this.out += this.negative ? '-' : '+';
  }
}

function writeTemplate(template: Template, number: string, negative: boolean, spaces: number): string {
  const writer = new Writer(template, number, negative, spaces);
  for (const { key, text } of template.nodes) {
    switch (key) {
      case null:
        writer.out += text;
        break;
      case '9':
      case '0':
      case '.':
      case 'D':
        writer.writeDigit(key === '0');
        break;
      case ',':
      case 'G':
        if (writer.inNumber) writer.out += ',';
        else if (!template.isFilled) writer.out += ' ';
        break;
      case 'L':
        writer.out += ' ';
        break;
      case 'TH':
      case 'th':
        if (number[0] !== '#' && !negative && !template.hasPoint) writer.out += ordinal(number, key === 'TH');
        break;
      case 'MI':
      case 'PL':
        if ((key === 'MI') === negative) writer.out += negative ? '-' : '+';
        else if (!template.isFilled) writer.out += ' ';
        break;
      case 'SG':
        writer.out += negative ? '-' : '+';
    }
  }
  return writer.out;
}

const ROMAN: readonly (readonly [number, string])[] = [
  [1000, 'M'],
  [900, 'CM'],
  [500, 'D'],
  [400, 'CD'],
  [100, 'C'],
  [90, 'XC'],
  [50, 'L'],
  [40, 'XL'],
  [10, 'X'],
  [9, 'IX'],
  [5, 'V'],
  [4, 'IV'],
  [1, 'I'],
];
export function roman(value: number): string {
  let rest = value;
  let text = '';
  for (const [amount, letters] of ROMAN) {
    while (rest >= amount) {
      text += letters;
      rest -= amount;
    }
  }
  return text;
}
function romanText(template: Template, value: number): string {
  const text =
    value > 3999 || value < 1 ? '#'.repeat(15) : template.roman === 'lower' ? roman(value).toLowerCase() : roman(value);
  return template.isFilled ? text : text.padStart(15);
}

/**
 * One digit before the point and an exponent of at least two. What rounds up to ten is 1e+1 where C's printf writes it (int4, floats);
 * numeric and int8 keep the exponent of the unrounded value in PostgreSQL: 9.999 is 10.00e+00.
 */
function scientific(value: Decimal, places: number, carries: boolean): string {
  if (!value.isFinite)
    return ` ${'#'.repeat(places > 0 ? places + 6 : 5)}`.replace(/^( #)(#*)$/, (_, first: string, rest: string) =>
      places > 0 ? `${first}.${rest.slice(1)}` : first + rest,
    );
  let exponent = value.units === 0n ? 0 : digitsOf(value.units) - 1 - value.scale;
  let mantissa = mantissaOf(value, exponent, places);
  if (carries && digitsOf(mantissa) > places + 1) {
    exponent++;
    mantissa = mantissaOf(value, exponent, places);
  }
  const sign = exponent < 0 ? '-' : '+';
  const text = `${formatDecimal(new Decimal(mantissa, places))}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  return text.startsWith('-') ? text : ` ${text}`;
}
function mantissaOf(value: Decimal, exponent: number, places: number): bigint {
  const scale = value.scale + exponent;
  const shifted = scale >= 0 ? new Decimal(value.units, scale) : new Decimal(value.units * tenTo(-scale), 0);
  return roundTo(shifted, places).units;
}

/** What a template's V does to a number: each type multiplies in its own way. */
type Shift = (value: Decimal, digits: number) => Decimal;
const exactly: Shift = (value, digits) => multiplyDecimals(value, new Decimal(tenTo(digits), 0));

/** Digits of the number, rounded, and its sign; then the template. */
function write(template: Template, text: string): string {
  const negative = text.startsWith('-');
  let number = negative ? text.slice(1) : text;
  const whole = number.split('.')[0].length;
  if (whole > template.pre) number = '#'.repeat(template.pre) + '.' + '#'.repeat(template.post);
  return writeTemplate(template, number, negative, Math.max(template.pre - whole, 0));
}

/** to_char of an exact number. */
export function formatNumber(value: Decimal, format: string, shift: Shift = exactly, carries = false): string {
  if (format === '') return '';
  const template = parseTemplate(format);
  if (template.roman !== 'none') return romanText(template, value.isFinite ? Number(roundTo(value, 0).units) : 0);
  if (template.isScientific) return scientific(value, template.post, carries);
  template.pre += template.multi;
  const shifted = template.multi > 0 ? shift(value, template.multi) : value;
  return write(template, formatDecimal(roundTo(shifted, template.post)));
}
/** int4 overflows silently there, int8 says so. */
export const formatInt4 = (value: number, format: string): string =>
  formatNumber(
    new Decimal(BigInt(value), 0),
    format,
    (shifted, digits) => new Decimal(BigInt.asIntN(32, shifted.units * tenTo(digits)), 0),
    true,
  );
export const formatInt8 = (value: Int8, format: string): string =>
  formatNumber(
    new Decimal(BigInt(value), 0),
    format,
    (shifted, digits) => new Decimal(BigInt(int8Of(shifted.units * tenTo(digits))), 0),
  );

/** to_char of a float: as many digits as it holds for sure, halves to even, the sign of zero kept. */
export function formatFloat(value: number, format: string, digits: number): string {
  if (format === '') return '';
  const template = parseTemplate(format);
  if (!Number.isFinite(value) || template.roman !== 'none' || template.isScientific) {
    if (!Number.isFinite(value)) return formatNumber(decimalOf(String(value)), format);
    const exact = parseDecimalText(exactText(value));
    const isRoman = template.roman !== 'none' && value >= 0;
    const text = formatNumber(isRoman ? decimalOf(roundHalvesToEven(exact, 0)) : exact, format, exactly, true);
    return Object.is(value, -0) && template.isScientific ? `-${text.slice(1)}` : text;
  }
  template.pre += template.multi;
  const shifted = value * 10 ** template.multi;
  if (!Number.isFinite(shifted)) return write(template, String(shifted));
  const exact = parseDecimalText(exactText(Math.abs(shifted)));
  const whole = roundHalvesToEven(exact, 0).length;
  template.post = Math.max(Math.min(template.post, digits - whole), 0);
  const text = roundHalvesToEven(exact, template.post);
  return write(template, shifted < 0 || Object.is(shifted, -0) ? `-${text}` : text);
}
function roundHalvesToEven(value: Decimal, scale: number): string {
  if (value.scale <= scale) return formatDecimal(roundTo(value, scale));
  const unit = tenTo(value.scale - scale);
  const down = value.units / unit;
  const twice = (value.units % unit) * 2n;
  return formatDecimal(new Decimal(twice > unit || (twice === unit && down % 2n === 1n) ? down + 1n : down, scale));
}
/** The double's own decimal value, all digits of it. */
function exactText(value: number): string {
  if (Number.isInteger(value)) return BigInt(value).toString();
  let scaled = value;
  let shift = 0;
  while (!Number.isInteger(scaled) && shift < 1100) {
    scaled *= 2;
    shift++;
  }
  return formatDecimal(new Decimal(BigInt(scaled) * 5n ** BigInt(shift), shift));
}

const LETTERS: { readonly [letter: string]: number } = { I: 1, V: 5, X: 10, L: 50, C: 100, D: 500, M: 1000 };
function parseRoman(text: string): string {
  const letters = text.trim().toUpperCase();
  let sum = 0;
  for (let at = 0; at < letters.length; at++) {
    const value = LETTERS[letters[at]];
    if (value === undefined) throw new SqlError(SQLSTATE.invalid_text_representation, 'invalid Roman numeral');
    sum += value < (LETTERS[letters[at + 1]] ?? 0) ? -value : value;
  }
  if (sum < 1 || roman(sum) !== letters) throw new SqlError(SQLSTATE.invalid_text_representation, 'invalid Roman numeral');
  return String(sum);
}

/** to_number: the digits that stand where the template has them; the result has the template's places. */
export function parseNumber(text: string, format: string): string | null {
  if (format === '') return null;
  const template = parseTemplate(format);
  if (template.isScientific) throw new SqlError(SQLSTATE.feature_not_supported, '"EEEE" not supported for input');
  if (template.roman !== 'none') return parseRoman(text);
  let rest = text.trimStart();
  let negative = false;
  let digits = '';
  const takeSign = (): void => {
    if (/^[-+<]/.test(rest)) {
      negative = rest[0] !== '+' || negative;
      rest = rest.slice(1).trimStart();
    }
  };
  takeSign();
  for (const { key, text: literal } of template.nodes) {
    if (rest === '') break;
    if (key === '9' || key === '0') {
      rest = rest.trimStart();
      if (/^\d/.test(rest)) {
        digits += rest[0];
        rest = rest.slice(1);
      } else if (rest[0] === '.' && template.hasPoint) continue;
      else if (/^[-+]/.test(rest)) takeSign();
    } else if (key === '.' || key === 'D') {
      if (rest[0] === '.') {
        digits += '.';
        rest = rest.slice(1);
      }
    } else if (key === ',' || key === 'G') {
      if (rest[0] === ',') rest = rest.slice(1);
    } else if (key === 'S' || key === 'MI' || key === 'PL' || key === 'SG') takeSign();
    else if (key === null) rest = rest.slice(literal.length);
    else if (key === 'L') rest = rest.replace(/^[^\d.+-]/, '');
    else if (key === 'TH' || key === 'th') rest = rest.slice(2);
  }
  if (/^\s*-/.test(rest)) negative = true;
  if (!/\d/.test(digits)) throw badSyntax('numeric', ' ');
  const value = parseDecimalText((negative ? '-' : '') + digits);
  if (template.multi > 0) return formatDecimal(new Decimal(value.units, value.scale + template.multi));
  return formatDecimal(fitDecimal(value, template.pre + value.scale, value.scale));
}
