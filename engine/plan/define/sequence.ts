/** Options of CREATE SEQUENCE and of identity columns, checked as PostgreSQL does. */

import { SQLSTATE } from '../../../shm/errors.ts';
import type { SequenceDefinition } from '../../catalog/definitions.ts';
import type { SourceExpression, SourceOption } from '../../sblr/source.gen.ts';
import { fault, unsupported } from './environment.ts';

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
  const owned = given.get('ownedBy');
  if (owned !== undefined && owned.value !== null) throw unsupported('OWNED BY is', owned.at, 'use a serial or identity column');
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
  return { type, start, increment, minimum, maximum, cache: Number(cache), cycle: cycles };
}
