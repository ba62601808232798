/**
 * HashDistinct: a row goes on when its key is new. Where equal ones come one behind the other the last one is kept, else all are: as
 * words in a table of Groups without states where they can be, or in a map by canonical values.
 */

import type { HashDistinct } from '../../engine/plan/physical.ts';
import type { KernelAccess } from '../../engine/plan/program.ts';
import type { Builder } from './builder.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { areWordKeys, emitGroupLookup, emitRoom, emitRowKey, type GroupKeyColumn, keyWords } from './group-keys.ts';
import { Groups, type GroupsShape } from './groups.ts';
import { keyCode } from './keys.ts';
import { storedColumns } from './stored-columns.ts';
import type { Value } from './value.ts';

/** What is known of a node's table once its first code is written. */
interface Kept {
  readonly part: number;
  readonly keys: readonly GroupKeyColumn[];
  /** Words of a key; 0: a map. */
  readonly width: number;
}

/** Made apart, so that the program does not keep the builder. */
const tableOf = (shape: GroupsShape, kernel: KernelAccess) => (): Groups => new Groups(shape, { fill: null }, kernel);

/** The part of a step whose code has been written. */
export const distinctPart = (builder: Builder, step: HashDistinct): number => keptOf(builder, step, []).part;

function keptOf(builder: Builder, step: HashDistinct, values: readonly Value[]): Kept {
  return builder.own(step, () => {
    const keys = step.columns.map((column, index): GroupKeyColumn => {
      const { type } = values[index];
      return { column, expression: { op: 'column', column, type } };
    });
    const isWords = areWordKeys(keys, storedColumns(step.input));
    const width = isWords ? keyWords(keys, false) : 0;
    const shape = {
      keyWords: width,
      stride: 0,
      inits: [],
      general: !isWords,
      sets: 1,
      empty: [],
      keys: keys.length,
      spills: false,
    };
    builder.distincts++;
    return { part: builder.part(tableOf(shape, builder.environment.kernel)), keys, width };
  });
}

/** The keys of the row that came last; null: none has come. */
class LastKeys {
  keys: unknown[] | null = null;

  begin(): void {
    this.keys = null;
  }
}

const newLast = (): LastKeys => new LastKeys();

/** Rows that agree come one behind the other. */
function emitSorted(emitter: Emitter, builder: Builder, step: HashDistinct): number {
  const part = builder.own(step, () => builder.part(newLast));
  const last = emitter.hoist(`T${part}`, `c.parts[${part}]`);
  const keys = step.columns.map((column) => {
    const value = (emitter.columns.get(column) as ColumnReader)(emitter);
    if (value.nil === 'true') return 'null';
    const code = keyCode(value, emitter.unit.use);
    return emitter.hold(value.nil === 'false' ? code : `${value.nil}?null:${code}`);
  });
  const isSame = keys.map((key, at) => `(${key}===k[${at}]||${key}!==${key}&&k[${at}]!==k[${at}])`).join('&&');
  emitter.emit(`{const k=${last}.keys;if(k!==null&&${isSame || 'true'})break ${emitter.row};}${last}.keys=[${keys.join(',')}];`);
  return part;
}

/** Writes the step; returns the part that is to be begun with the stage. */
export function emitDistinct(emitter: Emitter, builder: Builder, step: HashDistinct): number {
  if (step.sorted === true) return emitSorted(emitter, builder, step);
  const values = step.columns.map((column) => (emitter.columns.get(column) as ColumnReader)(emitter));
  const { part, keys, width } = keptOf(builder, step, values);
  const groups = emitter.hoist(`G${part}`, `c.parts[${part}]`);
  if (width === 0) {
    const { use } = emitter.unit;
    const codes = values.map((value) =>
      value.nil === 'true' ? 'null' : value.nil === 'false' ? keyCode(value, use) : `(${value.nil}?null:${keyCode(value, use)})`,
    );
    const whole =
      codes.length === 0 ? '0' : codes.length === 1 ? codes[0] : codes.map((code) => `${use('keyPart')}(${code})`).join('+');
    const key = emitter.hold(whole);
    emitter.emit(
      `if(${groups}.map.has(${key}))break ${emitter.row};${groups}.map.set(${key},0);if((++${groups}.count&1023)===0)${groups}.reserve(1);`,
    );
    return part;
  }
  const key = emitRowKey(emitter, groups, keys, values);
  const isNew = emitter.name('w');
  emitRoom(emitter, groups);
  emitter.emit(`let ${isNew}=false;`);
  emitGroupLookup(emitter, groups, key, width, () => '', `${isNew}=true;`);
  emitter.emit(`if(!${isNew})break ${emitter.row};`);
  return part;
}
