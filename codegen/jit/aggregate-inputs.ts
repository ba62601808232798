/**
 * What a row gives to each aggregate: arguments and sort keys, behind its FILTER where it has one; and the same as slots of a row
 * that waits in a file.
 */

import type { BoundAggregate } from '../../engine/sblr/bound.ts';
import { type Accumulator, boxedValue } from './accumulators.ts';
import { emitJump } from './conditions.ts';
import { type Emitter, NotInPage } from './emitter.ts';
import { exactInput } from './exact-inputs.ts';
import { emitValue } from './expressions.ts';
import { boxedCode, slotCode, slotValue, type Value } from './value.ts';

export interface AggregateInput {
  readonly values: readonly Value[];
  /** Local that is true where the FILTER lets the row through; null: there is none. */
  readonly guard: string | null;
  /** Only whether there is a value matters: count(x). */
  readonly counts: boolean;
}

const countedValue = (type: Value['type'], nil: string): Value => ({
  rep: 'i',
  type,
  code: '0',
  nil,
  scale: 0,
  digits: 0,
  length: '',
  memory: '',
});

/** Evaluates everything that the aggregates take of a row. */
export const evaluateInputs = (
  emitter: Emitter,
  aggregates: readonly BoundAggregate[],
  list: readonly Accumulator[],
): AggregateInput[] =>
  aggregates.map((aggregate, index) => {
    const counts = list[index].kind === 'count';
    const { form } = list[index];
    const evaluate = (): Value[] => {
      if (form !== null) return [exactInput(emitter, aggregate.arguments[0], form)];
      return counts ? countedArguments(emitter, aggregate) : fullArguments(emitter, aggregate);
    };
    return aggregate.filter === null
      ? { values: evaluate(), guard: null, counts }
      : filtered(emitter, aggregate.filter, evaluate, counts);
  });

function fullArguments(emitter: Emitter, { arguments: given, order }: BoundAggregate): Value[] {
  return [...given, ...order.map(({ expression }) => expression)].map((expression) => {
    const value = emitValue(emitter, expression);
    if (value.rep === 'b') throw new NotInPage();
    return value;
  });
}

const countedArguments = (emitter: Emitter, { arguments: given }: BoundAggregate): Value[] =>
  given.map((expression) => {
    const { type, nil } = emitValue(emitter, expression);
    return countedValue(type, nil);
  });

function filtered(
  emitter: Emitter,
  filter: NonNullable<BoundAggregate['filter']>,
  evaluate: () => Value[],
  counts: boolean,
): AggregateInput {
  const guard = emitter.name('w');
  const label = emitter.name('L');
  let values: Value[] = [];
  const names: string[] = [];
  const body = emitter.apart(() => {
    emitJump(emitter, filter, 'notTrue', label);
    values = evaluate().map((value) => {
      if (value.nil === 'true') return value;
      const name = emitter.name('w');
      names.push(name);
      emitter.emit(`${name}=${counts ? `${value.nil}?null:0` : slotCode(value)};`);
      return slotValue(value, name);
    });
    emitter.emit(`${guard}=true;`);
  });
  emitter.emit(`let ${[`${guard}=false`, ...names.map((name) => `${name}=null`)].join(',')};${label}:{${body}}`);
  return { values, guard, counts };
}

/** Slots that hold an input: RowValues, of what is only counted whether it is there. */
export function slotsOf({ values, guard, counts }: AggregateInput, use: (helper: string) => string): string[] {
  const slots = values.map((value) => {
    if (value.nil === 'true') return 'null';
    const code = counts ? (value.nil === 'false' ? '0' : `${value.nil}?null:0`) : boxedCode(value, use);
    // What a FILTER keeps out was not evaluated.
    return guard === null ? code : `${guard}?${code}:null`;
  });
  return guard === null ? slots : [guard, ...slots];
}

/** The inputs of a row that slots hold. */
export const inputsFrom = (
  emitter: Emitter,
  aggregates: readonly BoundAggregate[],
  list: readonly Accumulator[],
  nextSlot: () => string,
): AggregateInput[] =>
  aggregates.map(({ arguments: given, order, filter }, index) => {
    const counts = list[index].kind === 'count';
    const guard = filter === null ? null : emitter.hold(nextSlot());
    const types = [...given, ...(counts ? [] : order.map(({ expression }) => expression))].map(({ type }) => type);
    const values = types.map((type) => {
      const slot = emitter.hold(nextSlot());
      return counts ? countedValue(type, `${slot}===null`) : boxedValue(emitter, type, slot);
    });
    return { values, guard, counts };
  });
