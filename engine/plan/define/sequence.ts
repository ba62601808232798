/** Options of CREATE SEQUENCE and of identity columns, checked as PostgreSQL does. */

import { SQLSTATE } from '../../../shm/errors.ts';
import type { SequenceDefinition } from '../../catalog/definitions.ts';
import type { SourceExpression, SourceOption } from '../../sblr/source.gen.ts';
import { fault } from './environment.ts';

export type SequenceNumbers = Omit<SequenceDefinition, 'name' | 'persistence'>;

const BOUNDS = {
  int2: [-32768n, 32767n],
  int4: [-2147483648n, 2147483647n],
  int8: [-9223372036854775808n, 9223372036854775807n],
} as const;

const TYPE_NAMES = { int2: 'smallint', int4: 'integer', int8: 'bigint' } as const;

/** Options by name, each once. 42601 */
function byName(options: readonly SourceOption[]): Map<string, SourceOption> {
  const found = new Map<string, SourceOption>();
  for (const option of options) {
    if (found.has(option.name)) throw fault(SQLSTATE.syntax_error, 'conflicting or redundant options', option.at);
    found.set(option.name, option);
  }
  return found;
}

/** A whole number, with its sign. 22023 */
function integerOf(value: SourceExpression): bigint {
  if (value.op === 'operator' && value.left === null) {
    const inner = integerOf(value.right);
    return value.name.parts[0] === '-' ? -inner : inner;
  }
  if (value.op === 'constant' && /^-?[0-9]+$/.test(value.text)) return BigInt(value.text);
  throw fault(SQLSTATE.invalid_parameter_value, 'a sequence option takes a whole number', value.at);
}

const numberOf = (option: SourceOption | undefined): bigint | null =>
  option === undefined || option.value === null ? null : integerOf(option.value);

/** The numbers of a sequence, defaults filled in. 22023 for those that cannot be. */
export function sequenceNumbers(options: readonly SourceOption[], type: SequenceDefinition['type'], at: number): SequenceNumbers {
  const given = byName(options);
  const refuse = (message: string, name: string): never => {
    throw fault(SQLSTATE.invalid_parameter_value, message, given.get(name)?.at ?? at);
  };
  const restart = given.get('restart');
  if (restart !== undefined) throw fault(SQLSTATE.syntax_error, 'RESTART is for ALTER SEQUENCE', restart.at);
  const [low, high] = BOUNDS[type];
  const increment = numberOf(given.get('increment')) ?? 1n;
  if (increment === 0n) refuse('INCREMENT must not be zero', 'increment');
  const ascends = increment > 0n;
  const minimum = numberOf(given.get('minvalue')) ?? (ascends ? 1n : low);
  const maximum = numberOf(given.get('maxvalue')) ?? (ascends ? high : -1n);
  if (maximum < low || maximum > high)
    refuse(`MAXVALUE (${maximum}) is out of range for sequence data type ${TYPE_NAMES[type]}`, 'maxvalue');
  if (minimum < low || minimum > high)
    refuse(`MINVALUE (${minimum}) is out of range for sequence data type ${TYPE_NAMES[type]}`, 'minvalue');
  if (minimum >= maximum) refuse(`MINVALUE (${minimum}) must be less than MAXVALUE (${maximum})`, 'minvalue');
  const start = numberOf(given.get('start')) ?? (ascends ? minimum : maximum);
  if (start < minimum) refuse(`START value (${start}) cannot be less than MINVALUE (${minimum})`, 'start');
  if (start > maximum) refuse(`START value (${start}) cannot be greater than MAXVALUE (${maximum})`, 'start');
  const cache = numberOf(given.get('cache')) ?? 1n;
  if (cache < 1n) refuse(`CACHE (${cache}) must be greater than zero`, 'cache');
  const cycle = given.get('cycle')?.value;
  const cycles = cycle?.op === 'constant' && cycle.text === 'true';
  const named = given.get('sequence name')?.value;
  const ownName = named?.op === 'column' ? named.name.parts.at(-1) : undefined;
  return { type, start, increment, minimum, maximum, cache: Number(cache), cycle: cycles, ownName };
}

/** The type of a sequence by its name. 22023 */
export function sequenceTypeOf(
  name: string,
  at: number,
  message = 'sequence type must be smallint, integer, or bigint',
): SequenceDefinition['type'] {
  if (name === 'int2' || name === 'int4' || name === 'int8') return name;
  throw fault(SQLSTATE.invalid_parameter_value, message, at);
}

/** Numbers of a sequence as the catalog keeps them. */
interface KeptNumbers {
  readonly type: SequenceDefinition['type'];
  readonly start: string;
  readonly increment: string;
  readonly minimum: string;
  readonly maximum: string;
  readonly cache: number;
  readonly cycle: boolean;
}

interface SequenceState {
  readonly value: number | bigint;
  readonly called: boolean;
}

/** Numbers of a sequence that is changed: what the options do not name stays. 22023 */
export function alteredNumbers(
  kept: KeptNumbers,
  options: readonly SourceOption[],
  type: SequenceDefinition['type'],
  state: SequenceState,
  at: number,
): { readonly numbers: SequenceNumbers; readonly next: SequenceState } {
  const given = byName(options);
  const whole = (name: string, text: string): SourceOption => ({
    ...{ op: 'option', at, name, value: { op: 'constant', at, kind: 'integer', text } },
  });
  const [low, high] = BOUNDS[kept.type];
  // A bound that is the old type's own becomes that of the new type.
  const isOwn = (text: string, bound: bigint): boolean => type !== kept.type && BigInt(text) === bound;
  const defaults = [
    whole('increment', kept.increment),
    ...(isOwn(kept.minimum, low) ? [] : [whole('minvalue', kept.minimum)]),
    ...(isOwn(kept.maximum, high) ? [] : [whole('maxvalue', kept.maximum)]),
    whole('start', kept.start),
    whole('cache', String(kept.cache)),
    { ...whole('cycle', ''), value: { op: 'constant', at, kind: 'boolean', text: String(kept.cycle) } } as SourceOption,
  ].filter(({ name }) => !given.has(name));
  const restart = given.get('restart');
  const others = options.filter(({ name }) => name !== 'restart');
  const numbers = sequenceNumbers([...defaults, ...others], type, at);
  const asked = restart === undefined ? null : (numberOf(restart) ?? numbers.start);
  const value = asked ?? BigInt(state.value);
  const refuse = (message: string): never => {
    throw fault(SQLSTATE.invalid_parameter_value, message, restart?.at ?? at);
  };
  if (value < numbers.minimum) refuse(`RESTART value (${value}) cannot be less than MINVALUE (${numbers.minimum})`);
  if (value > numbers.maximum) refuse(`RESTART value (${value}) cannot be greater than MAXVALUE (${numbers.maximum})`);
  return { numbers, next: { value, called: asked === null && state.called } };
}
