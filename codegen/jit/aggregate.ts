/**
 * HashAggregate: the sink that fills groups, in both renderings, and groups as the rows of the next stage.
 *
 * All arguments of a row are evaluated before its group is looked up and anything is added (SBLR-E2). With grouping sets a loop over
 * them stands around the lookup. Rows of groups for which there is no memory go to a file, with what was evaluated (SBLR-V8): they
 * are added later by a function that reads them from there (GroupSpill).
 */

import type { HashAggregate } from '../../engine/plan/physical.ts';
import type { KernelAccess } from '../../engine/plan/program.ts';
import type { ColumnId } from '../../engine/sblr/bound.ts';
import { type Accumulators, accumulatorsOf, boxedValue, emitAdd, resultValue, type StateNames } from './accumulators.ts';
import { type AggregateInput, evaluateInputs, inputsFrom, slotsOf } from './aggregate-inputs.ts';
import type { Builder } from './builder.ts';
import { type ColumnReader, Emitter } from './emitter.ts';
import { emitValue } from './expressions.ts';
import {
  areWordKeys,
  emitGroupLookup,
  emitRoom,
  emitRowKey,
  groupingReader,
  groupKeyReaders,
  hoistField,
  keyWords,
  maskedKey,
  type RowKey,
  textBytes,
  textWords,
} from './group-keys.ts';
import { MergedGroups } from './groups-merge.ts';
import { Groups, type GroupsShape, type Refill } from './groups.ts';
import { keyCode } from './keys.ts';
import { storedColumns } from './stored-columns.ts';
import { boxedCode, slotCode, slotValue, type Value } from './value.ts';

/** Sets for which a page reserves room before it is looked at; with more of them keys are JavaScript values. */
const WORD_SETS_MAX = 32;

/** Made apart, so that the program does not keep the sink and its builder. */
const groupsOf = (shape: GroupsShape, refill: { fill: Refill | null }, kernel: KernelAccess) => (): Groups =>
  new Groups(shape, refill, kernel);

export class AggregateSink {
  readonly #node: HashAggregate;
  readonly #accumulators: Accumulators;
  readonly #general: boolean;
  readonly #width: number;
  /** A bit for each key that a set groups by; none: no sets. */
  readonly #masks: readonly number[];
  /** Number of the Groups among a state's parts. */
  readonly part: number;

  constructor(builder: Builder, node: HashAggregate) {
    this.#node = node;
    const stored = storedColumns(node.input);
    this.#accumulators = accumulatorsOf(node.aggregates, stored);
    const sets = node.sets ?? [];
    this.#masks = sets.map(({ keys }) => keys.reduce((mask, key) => mask | (1 << key), 0));
    this.#general = !areWordKeys(node.keys, stored) || sets.length > WORD_SETS_MAX;
    this.#width = this.#keyless ? 0 : keyWords(node.keys, this.#hasSets);
    const { stride, inits } = this.#accumulators;
    const shape: GroupsShape = {
      keyWords: this.#general ? 0 : this.#width,
      stride,
      inits,
      general: this.#general,
      sets: Math.max(1, sets.length),
      empty: this.#masks.flatMap((mask, set) => (mask === 0 ? [set] : [])),
      keys: node.keys.length,
      spills: true,
    };
    const refill: { fill: Refill | null } = { fill: null };
    this.part = builder.part(groupsOf(shape, refill, builder.environment.kernel));
    if (!this.#keyless) refill.fill = this.#refill(builder);
  }

  get #keyless(): boolean {
    return this.#node.keys.length === 0 && !this.#hasSets;
  }

  get #hasSets(): boolean {
    return this.#masks.length > 0;
  }

  #groups(emitter: Emitter): string {
    return emitter.hoist(`G${this.part}`, `c.parts[${this.part}]`);
  }

  /** How the groups of several threads become one; undefined: they hang on the order of rows. */
  get merged(): MergedGroups | undefined {
    const { list } = this.#accumulators;
    if (list.some(({ kind, general }) => kind === 'float' || (kind === 'general' && general?.merge === undefined)))
      return undefined;
    return new MergedGroups(this.part, list, this.#general ? [] : textWords(this.#node.keys));
  }

  /** Adds the row that `emitter` stands at. */
  emit(emitter: Emitter): void {
    if (this.#general) emitter.needCalls();
    const { keys, aggregates } = this.#node;
    const inputs = evaluateInputs(emitter, aggregates, this.#accumulators.list);
    const values = keys.map(({ expression }) => emitValue(emitter, expression));
    const groups = this.#groups(emitter);
    if (this.#keyless) this.#add(emitter, groups, '0', inputs);
    else if (this.#general) this.#addGeneral(emitter, groups, values, inputs, null);
    else this.#addByWords(emitter, groups, values, inputs, null);
  }

  #addByWords(
    emitter: Emitter,
    groups: string,
    values: readonly Value[],
    inputs: readonly AggregateInput[],
    set: string | null,
  ): void {
    const key = emitRowKey(emitter, groups, this.#node.keys, values);
    this.#eachSet(
      emitter,
      set,
      (mask, number) => {
        const own = mask === null ? key : maskedKey(emitter, key, mask, number);
        const label = emitter.name('L');
        const full = (hash: string): string =>
          emitter.wide ? `${this.#spillCode(emitter, groups, hash, number, values, inputs)}break ${label};` : emitter.exit;
        const body = emitter.apart(() => {
          if (emitter.isMany) emitRoom(emitter, groups);
          const group = emitGroupLookup(emitter, groups, own, this.#width, full);
          this.#add(emitter, groups, group, inputs);
        });
        emitter.emit(`${label}:{${body}}`);
      },
      () => this.#roomForSets(emitter, groups, key),
    );
  }

  /** A row leaves its page before the first of its sets counts it. */
  #roomForSets(emitter: Emitter, groups: string, key: RowKey): void {
    if (emitter.wide) return;
    const bytes = textBytes(key);
    const room = bytes === '' ? '' : `||${groups}.arenaUsed+${this.#masks.length}*(${bytes})>${groups}.arena.length`;
    emitter.emit(`if(${groups}.full${room})${emitter.exit}`);
  }

  /** Runs `body` for each set, or for the one that is given; without sets once. */
  #eachSet(
    emitter: Emitter,
    given: string | null,
    body: (mask: string | null, set: string) => void,
    before: () => void = () => {},
  ): void {
    if (!this.#hasSets) {
      body(null, '0');
      return;
    }
    const masks = emitter.unit.constant(Int32Array.from(this.#masks), 'the keys of each grouping set');
    if (given !== null) {
      body(emitter.hold(`${masks}[${given}]`), given);
      return;
    }
    before();
    const set = emitter.name('q');
    const code = emitter.apart(() => body(emitter.hold(`${masks}[${set}]`), set));
    emitter.emit(`for(let ${set}=0;${set}<${this.#masks.length};${set}++){${code}}`);
  }

  /** Keys that are no words: a map by canonical values; the keys of a group as its first row had them. */
  #addGeneral(
    emitter: Emitter,
    groups: string,
    given: readonly Value[],
    inputs: readonly AggregateInput[],
    set: string | null,
  ): void {
    const { use } = emitter.unit;
    const values = given.map((value) => slotValue(value, emitter.hold(slotCode(value))));
    const keys = values.map((value) =>
      value.nil === 'false' ? keyCode(value, use) : value.nil === 'true' ? 'null' : `(${value.nil}?null:${keyCode(value, use)})`,
    );
    this.#eachSet(emitter, set, (mask, number) => {
      const within = (index: number, code: string): string =>
        mask === null ? code : `((${mask}&${1 << index})===0?null:${code})`;
      const parts = keys.map((code, index) => `${use('keyPart')}(${within(index, code)})`);
      const whole = mask !== null ? [`${number}+';'`, ...parts].join('+') : keys.length === 1 ? keys[0] : parts.join('+');
      const row = values.map((value, index) => within(index, boxedCode(value, use)));
      const label = emitter.name('L');
      const body = emitter.apart(() => {
        const key = emitter.hold(whole);
        const group = emitter.name('y');
        const spill = this.#spillCode(emitter, groups, `${use('hashOfKey')}(${key})`, number, values, inputs);
        emitter.emit(
          `let ${group}=${groups}.map.get(${key});if(${group}===undefined){if(${groups}.full){${spill}break ${label};}` +
            `${groups}.reserve(1);${group}=${groups}.count++;` +
            `${groups}.map.set(${key},${group});${groups}.rows.push([${[...row, number].join(',')}]);${groups}.init(${group});}`,
        );
        this.#add(emitter, groups, group, inputs);
      });
      emitter.emit(`${label}:{${body}}`);
    });
  }

  /** The row waits in a file: its set, its keys, its arguments. */
  #spillCode(
    emitter: Emitter,
    groups: string,
    hash: string,
    set: string,
    keys: readonly Value[],
    inputs: readonly AggregateInput[],
  ): string {
    const { use } = emitter.unit;
    const slots = [set, ...keys.map((value) => boxedCode(value, use)), ...inputs.flatMap((input) => slotsOf(input, use))];
    return `${groups}.spill(${hash},[${slots.join(',')}]);`;
  }

  /** Adds rows that waited: function(c, list, i, to). */
  #refill(builder: Builder): Refill {
    const { keys, aggregates } = this.#node;
    const emitter = new Emitter(builder.unit(), true, '', new Map());
    const groups = this.#groups(emitter);
    let slot = 1;
    const values = keys.map(({ expression: { type } }) => boxedValue(emitter, type, emitter.hold(`w[${slot++}]`)));
    const inputs = inputsFrom(emitter, aggregates, this.#accumulators.list, () => `w[${slot++}]`);
    const set = emitter.hold('w[0]');
    if (this.#general) this.#addGeneral(emitter, groups, values, inputs, set);
    else this.#addByWords(emitter, groups, values, inputs, set);
    const body = `${emitter.prologueText()}\nfor(;i<to;i++){const w=list[i];${emitter.lines.join('\n')}}\nreturn i;`;
    return emitter.unit.compile<Refill>('groups from a file', 'c,list,i,to', body, emitter.declarations.join(''));
  }

  #add(emitter: Emitter, groups: string, group: string, inputs: readonly AggregateInput[]): void {
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

  #names(emitter: Emitter, groups: string, group: string): StateNames {
    const { stride, inits } = this.#accumulators;
    const object = (number: number): string => (this.#keyless ? String(number) : `${group}*${inits.length}+${number}`);
    // General groups may grow between two rows.
    const sums = this.#general ? `${groups}.sums` : hoistField(emitter, groups, 'sums');
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
    const { keys, grouping = [] } = this.#node;
    const readers = new Map<ColumnId, ColumnReader>();
    if (this.#general) {
      keys.forEach(({ column, expression }, index) => {
        readers.set(column, (emitter) =>
          boxedValue(emitter, expression.type, emitter.hold(`${this.#groups(emitter)}.rows[${group}][${index}]`)),
        );
      });
    } else {
      for (const { column } of keys) {
        readers.set(column, (emitter) => {
          const all = groupKeyReaders(this.#groups(emitter), keys, this.#width, group, this.#hasSets);
          return (all.get(column) as ColumnReader)(emitter);
        });
      }
    }
    for (const { column, keys: asked } of grouping) {
      const bits = (mask: number): number => asked.reduce((sum, key) => sum * 2 + ((mask & (1 << key)) === 0 ? 1 : 0), 0);
      const values = this.#masks.map(bits);
      readers.set(column, (emitter) => groupingReader(values, this.#setOf(this.#groups(emitter), group))(emitter));
    }
    this.#accumulators.list.forEach((accumulator) => {
      readers.set(accumulator.bound.column, (emitter) =>
        resultValue(emitter, accumulator, this.#names(emitter, this.#groups(emitter), group)),
      );
    });
    return readers;
  }

  #setOf(groups: string, group: string): string {
    const { length } = this.#node.keys;
    return this.#general ? `${groups}.rows[${group}][${length}]` : `${groups}.keys[${group}*${this.#width}+${this.#width - 1}]`;
  }
}
