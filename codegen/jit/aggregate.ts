/**
 * HashAggregate: the sink that fills groups, in both renderings, and groups as the rows of the next stage.
 *
 * All arguments of a row are evaluated before its group is looked up and anything is added (SBLR-E2).
 */

import type { HashAggregate } from '../../engine/plan/physical.ts';
import type { ColumnId } from '../../engine/sblr/bound.ts';
import { type Accumulators, accumulatorsOf, boxedValue, emitAdd, resultValue, type StateNames } from './accumulators.ts';
import type { Builder } from './builder.ts';
import { emitJump } from './conditions.ts';
import { type ColumnReader, type Emitter, NotInPage } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { areWordKeys, emitGroupLookup, groupKeyReaders, keyWords } from './group-keys.ts';
import { Groups, type GroupsShape } from './groups.ts';
import { keyCode } from './keys.ts';
import { boxedCode, slotCode, slotValue, type Value } from './value.ts';

export class AggregateSink {
  readonly #node: HashAggregate;
  readonly #accumulators: Accumulators;
  readonly #general: boolean;
  readonly #width: number;
  /** Number of the Groups among a state's parts. */
  readonly part: number;

  constructor(builder: Builder, node: HashAggregate) {
    this.#node = node;
    this.#accumulators = accumulatorsOf(node.aggregates);
    this.#general = !areWordKeys(node.keys);
    this.#width = node.keys.length === 0 ? 0 : keyWords(node.keys);
    const { stride, inits } = this.#accumulators;
    const shape: GroupsShape = { keyWords: this.#general ? 0 : this.#width, stride, inits, general: this.#general };
    this.part = builder.part(() => new Groups(shape));
  }

  get #keyless(): boolean {
    return this.#node.keys.length === 0;
  }

  #groups(emitter: Emitter): string {
    return emitter.hoist(`G${this.part}`, `c.parts[${this.part}]`);
  }

  /** Adds the row that `emitter` stands at. */
  emit(emitter: Emitter): void {
    if (this.#general) emitter.needCalls();
    const groups = this.#groups(emitter);
    const inputs = this.#node.aggregates.map((aggregate, index) => this.#input(emitter, index, aggregate.filter !== null));
    let group = '0';
    if (!this.#keyless) {
      group = this.#general ? this.#lookup(emitter, groups) : emitGroupLookup(emitter, groups, this.#node.keys, this.#width);
    }
    const names = this.#names(emitter, groups, group);
    this.#accumulators.list.forEach((accumulator, index) => {
      const { values, guard } = inputs[index];
      if (guard === null) {
        emitAdd(emitter, accumulator, values, names);
        return;
      }
      const code = emitter.apart(() => emitAdd(emitter, accumulator, values, names));
      emitter.emit(`if(${guard}){${code}}`);
    });
  }

  /** Evaluates the arguments and sort keys of one aggregate; behind its FILTER, where it has one. */
  #input(emitter: Emitter, index: number, filtered: boolean): { values: readonly Value[]; guard: string | null } {
    const { arguments: given, order, filter } = this.#node.aggregates[index];
    const { kind } = this.#accumulators.list[index];
    const expressions = [...given, ...order.map(({ expression }) => expression)];
    // count(x) asks only whether there is one.
    const evaluate = (): Value[] =>
      expressions.map((expression) => {
        const value = emitValue(emitter, expression);
        if (kind === 'count') return { ...value, nil: value.nil };
        if (value.rep === 'b') throw new NotInPage();
        return value;
      });
    if (!filtered || filter === null)
      return { values: kind === 'count' ? this.#counted(emitter, index) : evaluate(), guard: null };
    const guard = emitter.name('o');
    const label = emitter.name('L');
    let values: Value[] = [];
    const names: string[] = [];
    const body = emitter.apart(() => {
      emitJump(emitter, filter, 'notTrue', label);
      values = (kind === 'count' ? this.#counted(emitter, index) : evaluate()).map((value) => {
        if (value.nil === 'true') return value;
        const name = emitter.name('w');
        names.push(name);
        emitter.emit(`${name}=${kind === 'count' ? `${value.nil}?null:0` : slotCode(value)};`);
        return slotValue(value, name);
      });
      emitter.emit(`${guard}=true;`);
    });
    emitter.emit(`let ${[`${guard}=false`, ...names.map((name) => `${name}=null`)].join(',')};${label}:{${body}}`);
    return { values, guard };
  }

  #counted(emitter: Emitter, index: number): Value[] {
    return this.#node.aggregates[index].arguments.map((expression) => {
      const value = emitValue(emitter, expression);
      const { type, nil } = value;
      return { rep: 'i', type, code: '0', nil, scale: 0, digits: 0, length: '', memory: '' } satisfies Value;
    });
  }

  /** Keys that are no words: a map by canonical values; the keys of a group as its first row had them. */
  #lookup(emitter: Emitter, groups: string): string {
    const values = this.#node.keys.map(({ expression }) => {
      const value = emitValue(emitter, expression);
      return slotValue(value, emitter.hold(slotCode(value)));
    });
    const { use } = emitter.unit;
    const keys = values.map((value) =>
      value.nil === 'false' ? keyCode(value, use) : `(${value.nil}?null:${keyCode(value, use)})`,
    );
    const whole = keys.length === 1 ? keys[0] : keys.map((key) => `${use('keyPart')}(${key})`).join('+');
    const key = emitter.hold(whole);
    const group = emitter.name('y');
    const row = values.map((value) => boxedCode(value, use)).join(',');
    emitter.emit(
      `let ${group}=${groups}.map.get(${key});if(${group}===undefined){${groups}.reserve(1);${group}=${groups}.count++;` +
        `${groups}.map.set(${key},${group});${groups}.rows.push([${row}]);${groups}.init(${group});}`,
    );
    return group;
  }

  #names(emitter: Emitter, groups: string, group: string): StateNames {
    const { stride, inits } = this.#accumulators;
    const object = (number: number): string => (this.#keyless ? String(number) : `${group}*${inits.length}+${number}`);
    // General groups may grow between two rows.
    const sums = this.#general ? `${groups}.sums` : emitter.hoist(`${groups}_sums`, `${groups}.sums`);
    // One group in the page: its doubles are locals.
    if (this.#keyless && !emitter.wide) {
      return { groups, sum: (at) => emitter.accumulate(`a_${at}`, `${sums}[${at}]`), object, index: String };
    }
    const base = this.#keyless ? '' : emitter.hold(`${group}*${stride}`);
    const index = (at: number): string => (this.#keyless ? String(at) : `${base}+${at}`);
    return { groups, sum: (at) => `${sums}[${index(at)}]`, object, index };
  }

  /** Readers of keys and results, where `group` is the local with the number of a group. */
  readers(group: string): Map<ColumnId, ColumnReader> {
    const readers = new Map<ColumnId, ColumnReader>();
    if (this.#general) {
      this.#node.keys.forEach(({ column, expression }, index) => {
        readers.set(column, (emitter) =>
          boxedValue(emitter, expression.type, emitter.hold(`${this.#groups(emitter)}.rows[${group}][${index}]`)),
        );
      });
    } else {
      for (const key of this.#node.keys) {
        readers.set(key.column, (emitter) => {
          const reader = groupKeyReaders(this.#groups(emitter), this.#node.keys, this.#width, group).get(
            key.column,
          ) as ColumnReader;
          return reader(emitter);
        });
      }
    }
    this.#accumulators.list.forEach((accumulator) => {
      readers.set(accumulator.bound.column, (emitter) =>
        resultValue(emitter, accumulator, this.#names(emitter, this.#groups(emitter), group)),
      );
    });
    return readers;
  }
}
