/** Arrays as text: '{1,2,NULL}', '[0:1]={{a,b},{c,d}}'. What can be wrong is said as PostgreSQL says it. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { ArrayValue } from '../storage/rows/nested-value.ts';
import type { RowValue } from '../storage/rows/row-value.ts';

export const DIMENSIONS_MAX = 6;
/** Elements of one array. */
export const ITEMS_MAX = 134_217_727;
const INT_MAX = 2_147_483_647;

const SPACE = /[ \t\n\v\f\r]/;
/** An element that cannot stand without quotes. */
const NEEDS_QUOTES = /^$|^null$|[{}",\\ \t\n\v\f\r]/i;

const quoted = (text: string): string => (NEEDS_QUOTES.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : text);

/** `output`: the text of an element. */
export function arrayText({ lengths, lowers, items }: ArrayValue, output: (item: RowValue) => string): string {
  if (lengths.length === 0) return '{}';
  const texts = items.map((item) => (item === null ? 'NULL' : quoted(output(item))));
  let at = 0;
  const level = (dimension: number): string => {
    const parts: string[] = [];
    for (let index = 0; index < lengths[dimension]; index++)
      parts.push(dimension === lengths.length - 1 ? texts[at++] : level(dimension + 1));
    return `{${parts.join(',')}}`;
  };
  const body = level(0);
  if (lowers.every((lower) => lower === 1)) return body;
  return `${lowers.map((lower, index) => `[${lower}:${lower + lengths[index] - 1}]`).join('')}=${body}`;
}

export const tooManyDimensions = (count: number): SqlError =>
  new SqlError(
    SQLSTATE.program_limit_exceeded,
    `number of array dimensions (${count}) exceeds the maximum allowed (${DIMENSIONS_MAX})`,
  );

export const tooManyItems = (): SqlError =>
  new SqlError(SQLSTATE.program_limit_exceeded, `array size exceeds the maximum allowed (${ITEMS_MAX})`);

const boundsError = (message: string): SqlError => new SqlError(SQLSTATE.array_subscript_error, message);

class ArrayReader {
  private readonly text: string;
  private readonly item: (text: string) => RowValue;
  private at = 0;
  private readonly lengths: number[] = [];
  private readonly lowers: number[] = [];
  private readonly items: RowValue[] = [];
  /** Dimensions were written out. */
  private fixed = false;

  constructor(text: string, item: (text: string) => RowValue) {
    this.text = text;
    this.item = item;
  }

  private malformed(detail: string): SqlError {
    return new SqlError(SQLSTATE.invalid_text_representation, `malformed array literal: "${this.text}"`, { detail });
  }

  private skip(): void {
    while (this.at < this.text.length && SPACE.test(this.text[this.at])) this.at++;
  }

  private number(): number | null {
    const match = /^[+-]?\d+/.exec(this.text.slice(this.at, this.at + 24));
    if (match === null) return null;
    this.at += match[0].length;
    const value = Number(match[0]);
    if (value > INT_MAX || value < -INT_MAX - 1)
      throw new SqlError(SQLSTATE.numeric_value_out_of_range, 'array bound is out of integer range');
    return value;
  }

  /** [1:2][0:3]= */
  private dimensions(): void {
    this.skip();
    while (this.text[this.at] === '[') {
      this.at++;
      if (this.lengths.length >= DIMENSIONS_MAX) throw tooManyDimensions(this.lengths.length + 1);
      const first = this.number();
      if (first === null) throw this.malformed('"[" must introduce explicitly-specified array dimensions.');
      let upper: number = first;
      let lower = 1;
      if (this.text[this.at] === ':') {
        this.at++;
        lower = first;
        const second = this.number();
        if (second === null) throw this.malformed('Missing array dimension value.');
        upper = second;
      }
      if (this.text[this.at] !== ']') throw this.malformed('Missing "]" after array dimensions.');
      this.at++;
      if (upper < lower) throw boundsError('upper bound cannot be less than lower bound');
      if (upper === INT_MAX) throw new SqlError(SQLSTATE.program_limit_exceeded, `array upper bound is too large: ${upper}`);
      this.lengths.push(upper - lower + 1);
      this.lowers.push(lower);
      this.skip();
    }
    if (this.lengths.reduce((product, length) => product * length, 1) > ITEMS_MAX) throw tooManyItems();
  }

  read(): Omit<ArrayValue, 'element'> {
    this.dimensions();
    if (this.lengths.length === 0) {
      if (this.text[this.at] !== '{') throw this.malformed('Array value must start with "{" or dimension information.');
    } else {
      this.fixed = true;
      if (this.text[this.at] !== '=') throw this.malformed('Missing "=" after array dimensions.');
      this.at++;
      this.skip();
      if (this.text[this.at] !== '{') throw this.malformed('Array contents must start with "{".');
    }
    this.contents();
    this.skip();
    if (this.at < this.text.length) throw this.malformed('Junk after closing right brace.');
    if (this.items.length === 0) return { kind: 'array', lengths: [], lowers: [], items: [] };
    const lowers = this.fixed ? this.lowers : this.lengths.map(() => 1);
    return { kind: 'array', lengths: this.lengths, lowers, items: this.items };
  }

  private wrongShape(): SqlError {
    return this.malformed(
      this.fixed
        ? 'Specified array dimensions do not match array contents.'
        : 'Multidimensional arrays must have sub-arrays with matching dimensions.',
    );
  }

  private unexpected(character: string): SqlError {
    return this.malformed(`Unexpected "${character}" character.`);
  }

  private contents(): void {
    const counts: number[] = [];
    const known: (number | undefined)[] = [...this.lengths];
    let depth = this.lengths.length;
    let isFrozen = this.fixed;
    let level = 0;
    let wantsComma = false;
    do {
      this.skip();
      const character = this.text[this.at];
      if (character === undefined) throw this.malformed('Unexpected end of input.');
      if (character === '{') {
        if (wantsComma) throw this.unexpected('{');
        if (level >= DIMENSIONS_MAX) throw tooManyDimensions(level + 1);
        counts[level++] = 0;
        if (level > depth) {
          if (isFrozen) throw this.wrongShape();
          depth = level;
        }
        this.at++;
      } else if (character === '}') {
        if (counts[level - 1] > 0 && !wantsComma) throw this.unexpected('}');
        level--;
        if (level > 0) counts[level - 1]++;
        if (known[level] === undefined) known[level] = counts[level];
        else if (known[level] !== counts[level]) throw this.wrongShape();
        wantsComma = true;
        this.at++;
      } else if (character === ',') {
        if (!wantsComma) throw this.unexpected(',');
        wantsComma = false;
        this.at++;
      } else {
        const text = character === '"' ? this.quotedItem() : this.plainItem();
        if (wantsComma) throw this.malformed('Unexpected array element.');
        isFrozen = true;
        if (level !== depth) throw this.wrongShape();
        counts[level - 1]++;
        this.items.push(text === null ? null : this.item(text));
        if (this.items.length > ITEMS_MAX) throw tooManyItems();
        wantsComma = true;
      }
    } while (level > 0);
    this.lengths.splice(0, this.lengths.length, ...(known.slice(0, depth) as number[]));
  }

  private quotedItem(): string {
    let made = '';
    for (this.at++; ; this.at++) {
      let character = this.text[this.at];
      if (character === '"') break;
      if (character === '\\') character = this.text[++this.at];
      if (character === undefined) throw this.malformed('Unexpected end of input.');
      made += character;
    }
    this.at++;
    this.skip();
    const next = this.text[this.at];
    if (next !== undefined && next !== ',' && next !== '}') throw this.malformed('Incorrectly quoted array element.');
    return made;
  }

  private plainItem(): string | null {
    let made = '';
    /** Without blanks at the end. */
    let kept = 0;
    let isEscaped = false;
    for (; ; this.at++) {
      const character = this.text[this.at];
      if (character === undefined) throw this.malformed('Unexpected end of input.');
      if (character === ',' || character === '}') break;
      if (character === '{') throw this.unexpected('{');
      if (character === '"') throw this.malformed('Incorrectly quoted array element.');
      if (character === '\\') {
        const next = this.text[++this.at];
        if (next === undefined) throw this.malformed('Unexpected end of input.');
        isEscaped = true;
        made += next;
        kept = made.length;
        continue;
      }
      made += character;
      if (!SPACE.test(character)) kept = made.length;
    }
    const text = made.slice(0, kept);
    return !isEscaped && text.toLowerCase() === 'null' ? null : text;
  }
}

/** 22P02 with the detail, 2202E, 54000. `item`: the value of an element's text. */
export function readArray(text: string, element: string, item: (text: string) => RowValue): ArrayValue {
  return { ...new ArrayReader(text, item).read(), element };
}
