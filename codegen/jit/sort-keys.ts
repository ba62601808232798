/**
 * Keys of rows as bytes whose order is that of the values (SBLR-V7): code that writes them into a RowSorter. The forms are those of the
 * index key codec, save that numerics of few digits are doubles, that text may be of any length, and that a zero byte in text is always
 * escaped, so that the end of a key can be told from what follows.
 *
 *   nullable: one byte, 0 NULL that comes first, 1 a value, 2 NULL that comes last; then the value, inverted where descending
 */

import type { BoundSortKey } from '../../engine/sblr/bound.ts';
import { isNestedType, type SqlType } from '../../engine/sblr/types.ts';
import type { Emitter } from './emitter.ts';
import { isTextType } from './leaves.ts';
import { EXACT_DIGITS, isFloatType, isLongType, notNullCode, type Value } from './value.ts';

type Form = 'word' | 'double' | 'long' | 'text' | 'numeric' | 'interval' | 'bytes' | 'nested';

/** How values of a key are written: the same for all code that writes them. */
export interface KeyForm {
  readonly form: Form;
  readonly nullable: boolean;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  /** 'double' of a numeric: digits behind the point. */
  readonly scale: number;
  /** Nothing follows, and it is ascending: text needs no end. */
  readonly isLast: boolean;
  readonly type: SqlType;
}

function formOf(value: Value): Form | null {
  const { type, rep } = value;
  switch (type.name) {
    case 'bool':
    case 'int2':
    case 'int4':
    case 'date':
      return 'word';
    case 'numeric':
      // Of more digits the other rendering may have texts.
      return rep === 'd' && value.digits > 0 && value.digits <= EXACT_DIGITS ? 'double' : 'numeric';
    case 'interval':
      return 'interval';
    case 'bytea':
      return 'bytes';
    case 'uuid':
    case 'char':
      return 'text';
    default:
      if (isFloatType(type)) return 'double';
      if (isLongType(type)) return 'long';
      if (isNestedType(type.name)) return 'nested';
      return isTextType(type) ? 'text' : null;
  }
}

const TYPES = new Set(['bool', 'int2', 'int4', 'date', 'numeric', 'interval', 'bytea', 'uuid', 'char']);

/** Whether values of the type have keys. */
export const hasKeys = (type: SqlType): boolean =>
  TYPES.has(type.name) || isFloatType(type) || isLongType(type) || isTextType(type) || isNestedType(type.name);

/** `lacks`: other code may bring NULLs. */
export const keyFormOf = (
  value: Value,
  { descending, nullsFirst }: Pick<BoundSortKey, 'descending' | 'nullsFirst'>,
  isLast: boolean,
  lacks: boolean,
): KeyForm => ({
  form: formOf(value) as Form,
  nullable: lacks || value.nil !== 'false',
  descending,
  nullsFirst,
  scale: value.scale,
  isLast: isLast && !descending,
  type: value.type,
});

/** Bytes of a value, or the beginning of what its helper makes room for. */
const BYTES: { readonly [form in Form]: number } = {
  word: 5,
  double: 9,
  long: 9,
  text: 1,
  numeric: 1,
  interval: 12,
  bytes: 1,
  nested: 1,
};

/**
 * Writes the key of the row at `used` of the sorter; `end` is then its end. Wide rendering. Returns a local with the bytes of the first
 * `part` keys.
 */
export function emitKeys(
  emitter: Emitter,
  sorter: string,
  forms: readonly KeyForm[],
  values: readonly Value[],
  part = 0,
): string {
  const at = emitter.name('sk');
  const keys = emitter.name('K');
  const fixed = forms.reduce((sum, { form }) => sum + BYTES[form], 0);
  if (emitter.wide) emitter.emit(`let ${at}=${sorter}.used,${keys}=${sorter}.room(${at},${fixed});`);
  else {
    // There is room for the keys of a page (RowSorter.reserve); a row that finds none leaves.
    const all = emitter.hoist(`${sorter}_K`, `${sorter}.keys`);
    const texts = values.flatMap(({ rep, length }) => (rep === 'b' ? [`+${length}*2+2`] : [])).join('');
    emitter.emit(`let ${at}=${sorter}.used;const ${keys}=${all};if(${at}+${fixed}${texts}>${all}.length)${emitter.exit}`);
  }
  let bytes = '0';
  forms.forEach((form, index) => {
    if (index === part && part > 0) bytes = emitter.hold(`${at}-${sorter}.used`);
    const value = values[index];
    const code = emitter.apart(() => emitOne(emitter, sorter, form, value, at, keys));
    const mark = form.nullsFirst ? 0 : 2;
    if (value.nil === 'true') emitter.emit(`${keys}[${at}++]=${mark};`);
    else if (!form.nullable) emitter.emit(code);
    else if (value.nil === 'false') emitter.emit(`${keys}[${at}++]=1;${code}`);
    else emitter.emit(`if(${value.nil})${keys}[${at}++]=${mark};else{${keys}[${at}++]=1;${code}}`);
  });
  emitter.emit(`${sorter}.end=${at};`);
  return part > 0 && part === forms.length ? emitter.hold(`${at}-${sorter}.used`) : bytes;
}

/**
 * Writes: a row goes no further whose first key lies behind what a TopN keeps already, by its first four bytes (RowSorter.bound); most
 * rows end here. Of texts and words.
 */
export function emitBound(emitter: Emitter, sorter: string, form: KeyForm, value: Value): void {
  if (value.nil === 'true' || (form.form !== 'word' && !(form.form === 'text' && value.rep === 'b'))) return;
  const xor = form.descending ? '^-1' : '';
  const notNull = value.nil === 'false' ? '' : `!(${value.nil})&&`;
  // It changes between pages only; in the wide rendering, with any row.
  const bound = emitter.wide ? `${sorter}.bound` : emitter.hoist(`${sorter}_w`, `${sorter}.bound`);
  if (form.form === 'word') {
    if (value.rep !== 'i') return;
    emitter.emit(`if(${notNull}((${value.code}^-2147483648)${xor})>>>0>${bound})break ${emitter.row};`);
    return;
  }
  const { memory, code, length } = value;
  const byte = (at: number): string => `${memory}[${code}+${at}]`;
  const word = emitter.hold(`${byte(0)}<<24|${byte(1)}<<16|${byte(2)}<<8|${byte(3)}`);
  // A zero among them would be written otherwise.
  const isPlain = `(${word}-16843009&~${word}&-2139062144)===0`;
  emitter.emit(`if((${word}${xor})>>>0>${bound}&&${notNull}${length}>3&&${isPlain})break ${emitter.row};`);
}

/** Bytes of the keys where they are always as many; else 0. */
export function fixedBytes(forms: readonly KeyForm[]): number {
  const isFixed = forms.every(({ form, nullable }) => !nullable && (form === 'word' || form === 'double' || form === 'long'));
  return isFixed ? forms.reduce((sum, { form }) => sum + (form === 'word' ? 4 : 8), 0) : 0;
}

const HELPERS: { readonly [form in Form]?: string } = { numeric: 'putKeyDecimal', bytes: 'putKeyBinary', nested: 'putKeyNested' };

function emitOne(emitter: Emitter, sorter: string, form: KeyForm, value: Value, at: string, keys: string): void {
  if (value.nil === 'true') return;
  const { use } = emitter.unit;
  const mask = form.descending ? -1 : 0;
  const xor = form.descending ? '^-1' : '';
  switch (form.form) {
    case 'word': {
      const code = value.rep === 'i' ? value.code : wordCode(value, use);
      emitter.emit(`${at}=${use('putKeyInt32')}(${keys},${at},(${code})${xor});`);
      return;
    }
    case 'double':
      emitter.emit(`${at}=${use('putKeyFloat')}(${keys},${at},${doubleCode(emitter, form, value)},${mask});`);
      return;
    case 'long': {
      const bias = form.type.name.startsWith('timestamp') ? 0x40000000 : 0;
      emitter.emit(`${at}=${use('putKeyLong')}(${keys},${at},${value.code},${mask},${bias});`);
      return;
    }
    case 'interval':
      emitter.needCalls();
      emitter.emit(`${at}=${use('putKeySpan')}(${keys},${at},${value.code},${mask});`);
      return;
    default: {
      if (form.form === 'text' && value.rep === 'b') {
        const { memory, code, length } = value;
        emitter.emit(`${at}=${use('putKeyChars')}(${keys},${at},${memory},${code},${length},${mask & 255},${form.isLast});`);
        return;
      }
      emitter.needCalls();
      const helper = HELPERS[form.form] ?? 'putKeyString';
      const code = form.type.name === 'char' ? `${value.code}.replace(/ +$/,'')` : notNullCode(value, use);
      emitter.emit(
        `${at}=${use(helper)}(${sorter},${at},${code},${mask & 255},${form.isLast});${keys}=${sorter}.room(${at},64);`,
      );
    }
  }
}

function doubleCode(emitter: Emitter, form: KeyForm, value: Value): string {
  if (form.type.name !== 'numeric' || (value.rep === 'd' && value.scale === form.scale)) return value.code;
  emitter.needCalls();
  const { use } = emitter.unit;
  return `${use('scaledOf')}(${notNullCode(value, use)},${form.scale})`;
}

const wordCode = (value: Value, use: (helper: string) => string): string =>
  value.type.name === 'date'
    ? `${use('dateWord')}(${value.code})`
    : value.type.name === 'bool'
      ? `${value.code}===true?1:0`
      : value.code;
