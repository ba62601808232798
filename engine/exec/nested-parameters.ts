/** Arrays and rows of a program as parameters: their parts go through the writers of their own types. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { Parameters } from '../plan/program.ts';
import { elementOf, type SqlType, sqlType, type TypeName } from '../sblr/types.ts';
import type { ArrayValue, RecordValue } from '../storage/rows/nested-value.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { DIMENSIONS_MAX, tooManyDimensions } from '../values/array-text.ts';
import type { ValueContext } from '../values/context.ts';
import { attributesOf } from '../values/nested-text.ts';

type Writer = (to: Parameters, index: number, value: unknown, context: ValueContext) => void;
type TextWriter = (to: Parameters, index: number, type: SqlType, text: string, context: ValueContext) => void;

/** A part as a RowValue: written into a slot of its own. */
class Part {
  readonly #writer: Writer;
  readonly #isBoolean: boolean;
  readonly #slot: Parameters = { nulls: new Uint8Array(1), numbers: new Float64Array(1), values: [null] };

  constructor(type: SqlType, writerOf: (type: SqlType) => Writer) {
    this.#writer = writerOf(type);
    this.#isBoolean = type.name === 'bool';
  }

  /** `index`: of the parameter, for what is said when the value does not fit. */
  read(value: unknown, index: number, context: ValueContext): RowValue {
    const slot = this.#slot;
    try {
      this.#writer(slot, 0, value, context);
    } catch (error) {
      if (!(error instanceof SqlError) || index === 0) throw error;
      throw new SqlError(error.code, error.message.replace('parameter $1', `parameter $${index + 1}`), {
        hint: error.hint,
        detail: error.detail,
        cause: error,
      });
    }
    if (slot.nulls[0] !== 0) return null;
    const held = slot.values[0];
    if (held !== undefined) return held;
    return this.#isBoolean ? slot.numbers[0] !== 0 : slot.numbers[0];
  }
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/** Numbers in a typed array; bytes are a value of their own. */
const isNumbers = (value: unknown): value is ArrayLike<number> & Iterable<number> =>
  ArrayBuffer.isView(value) && !(value instanceof DataView) && !(value instanceof Uint8Array);

function arrayOf(element: string, given: readonly unknown[], index: number, part: (value: unknown) => RowValue): ArrayValue {
  const lengths: number[] = [];
  let level: readonly unknown[] = given;
  for (;;) {
    const rows: number = lengths.reduce((product, length) => product * length, 1);
    lengths.push(level.length / rows);
    if (lengths.length > DIMENSIONS_MAX) throw tooManyDimensions(lengths.length);
    if (!level.some(isList)) break;
    const [first] = level;
    if (!level.every((one) => isList(one) && isList(first) && one.length === first.length))
      throw new SqlError(
        SQLSTATE.array_subscript_error,
        `parameter $${index + 1}: multidimensional arrays must have sub-arrays with matching dimensions`,
      );
    level = level.flat(1);
  }
  if (level.length === 0) return { kind: 'array', element, lengths: [], lowers: [], items: [] };
  return { kind: 'array', element, lengths, lowers: lengths.map(() => 1), items: level.map(part) };
}

function recordOf(
  type: SqlType,
  value: object,
  index: number,
  context: ValueContext,
  writerOf: (type: SqlType) => Writer,
): RecordValue {
  const attributes = attributesOf(type.name, context);
  if (attributes === null)
    throw new SqlError(SQLSTATE.feature_not_supported, 'input of anonymous composite types is not implemented');
  const fields = attributes.map(({ name, type: own, length, scale }, at): RowValue => {
    const given = isList(value) ? value[at] : (value as { readonly [name: string]: unknown })[name];
    return new Part(sqlType(own as TypeName, true, length, scale), writerOf).read(given, index, context);
  });
  return { kind: 'record', types: attributes.map((attribute) => attribute.type), fields };
}

/** `putText`: the value of a text, by the type's input function. */
export function nestedWriter(type: SqlType, writerOf: (type: SqlType) => Writer, putText: TextWriter): Writer {
  const element = elementOf(type.name);
  const items = element === null ? null : new Part(sqlType(element), writerOf);
  const put = (to: Parameters, index: number, value: RowValue): void => {
    to.nulls[index] = 0;
    to.values[index] = value;
  };
  return (to, index, value, context) => {
    if (value === null || value === undefined) {
      to.nulls[index] = 1;
      to.numbers[index] = 0;
      to.values[index] = null;
    } else if (typeof value === 'string') putText(to, index, type, value, context);
    else if (element !== null && items !== null && (isList(value) || isNumbers(value))) {
      const list = isList(value) ? value : [...value];
      put(
        to,
        index,
        arrayOf(element, list, index, (one) => items.read(one, index, context)),
      );
    } else if (element === null && typeof value === 'object' && !ArrayBuffer.isView(value))
      put(to, index, recordOf(type, value, index, context, writerOf));
    else
      throw new SqlError(
        SQLSTATE.invalid_text_representation,
        `parameter $${index + 1} is ${element === null ? 'a row' : 'an array'} and cannot be a ${typeof value}`,
      );
  };
}
