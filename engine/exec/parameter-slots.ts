/**
 * The values of one run: numbers and short text go straight into their slots, everything else through the writer of its type
 * (parameters.ts).
 */

import type { Parameters } from '../plan/program.ts';
import type { SqlType, TypeName } from '../sblr/types.ts';
import type { ValueContext } from '../values/context.ts';
import { type ParameterWriter, parameterWriter } from './parameters.ts';

/** How a slot is filled where the value has the type's own form: everything else is the writer's. */
const SLOT_OTHER = 0;
const SLOT_WORD = 1;
const SLOT_LONG = 2;
const SLOT_DOUBLE = 3;
const SLOT_TEXT = 4;

/** How many parameters there are and what fills them: one a shape. */
export interface ParameterWriters {
  readonly writers: readonly ParameterWriter[];
  readonly slots: Uint8Array;
}

export function parameterWriters(types: readonly SqlType[]): ParameterWriters {
  // from() with a function goes through the iterator: for each statement that is too slow.
  const slots = new Uint8Array(types.length);
  for (let at = 0; at < types.length; at++) slots[at] = slotOf(types[at].name);
  return { writers: types.map(parameterWriter), slots };
}

function slotOf(type: TypeName): number {
  switch (type) {
    case 'int4':
      return SLOT_WORD;
    case 'int8':
      return SLOT_LONG;
    case 'float8':
      return SLOT_DOUBLE;
    case 'text':
    case 'varchar':
    case 'char':
      return SLOT_TEXT;
    default:
      return SLOT_OTHER;
  }
}

const TIMELESS: ReadonlySet<TypeName> = new Set<TypeName>([
  'bool',
  'int2',
  'int4',
  'int8',
  'oid',
  'float4',
  'float8',
  'numeric',
  'text',
  'varchar',
  'char',
  'name',
  'bytea',
  'uuid',
]);

/** A text means the same value of this type whenever and in whatever session it is read. */
export const isTimeless = (type: SqlType): boolean => TIMELESS.has(type.name);

/** Writes the only value of a statement that takes one int4; false: it is something else. Hot. */
export function writeOnlyWord({ slots }: ParameterWriters, to: Parameters, value: unknown): boolean {
  if (typeof value !== 'number' || slots[0] !== SLOT_WORD || (value | 0) !== value) return false;
  to.nulls[0] = 0;
  to.numbers[0] = value;
  to.values[0] = undefined;
  return true;
}

/** Writes one value into slot `index`. Hot. */
export function writeParameter(
  { writers, slots }: ParameterWriters,
  to: Parameters,
  index: number,
  value: unknown,
  context: ValueContext,
): void {
  if (typeof value === 'number') {
    const slot = slots[index];
    if (
      (slot === SLOT_WORD && (value | 0) === value) ||
      slot === SLOT_DOUBLE ||
      (slot === SLOT_LONG && Number.isSafeInteger(value))
    ) {
      to.nulls[index] = 0;
      to.numbers[index] = value;
      to.values[index] = undefined;
      return;
    }
  } else if (typeof value === 'string' && slots[index] === SLOT_TEXT && isPlain(value)) {
    to.nulls[index] = 0;
    to.values[index] = value;
    return;
  }
  writers[index](to, index, value, context);
}

const LOOP_MAX = 32;

/** Short text without anything that the writer refuses. Calls cost more than looking at a few characters. */
function isPlain(text: string): boolean {
  if (text.length > LOOP_MAX) return false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0 || code >= SURROGATES) return false;
  }
  return true;
}

const SURROGATES = 0xd800;
