/**
 * FunctionScan: the values that a set-returning primitive gives (engine/values/set-functions.ts), a batch at a time, and their numbers.
 */

import type { FunctionScan } from '../../engine/plan/physical.ts';
import type { ColumnId } from '../../engine/sblr/bound.ts';
import { primitiveOf } from '../../engine/sblr/primitives.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { type NextValue, setFunctions } from '../../engine/values/set-functions.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { boxedValue } from './accumulators.ts';
import type { Builder } from './builder.ts';
import type { ColumnReader } from './emitter.ts';
import { emitValue } from './expressions.ts';
import type { MadeStage } from './sources.ts';
import { compileDrain, type Drain, type Sink } from './stage-code.ts';
import { type GroupRoom, look, type RunningStage, STAGE_DONE, STAGE_PAUSED, verdict } from './stage-run.ts';
import type { Stage } from './stages.ts';
import type { State } from './state.ts';
import { boxedCode, EXACT_DIGITS, makeValue } from './value.ts';

interface FunctionPlace {
  next: NextValue | null;
  list: RowValue[];
  /** Place in `list`, and how many values came before it. */
  at: number;
  before: number;
}

export function functionSource(builder: Builder, stage: Stage, node: FunctionScan, sink: Sink, room: GroupRoom): MadeStage {
  const part = builder.part((): FunctionPlace => ({ next: null, list: [], at: 0, before: 0 }));
  const columns = new Map<ColumnId, ColumnReader>();
  for (const { column, type } of node.columns) {
    columns.set(column, (emitter) => {
      const value = boxedValue(emitter, type, 'w');
      return type.nullable ? value : { ...value, nil: 'false' };
    });
  }
  if (node.ordinality >= 0) {
    columns.set(node.ordinality, (emitter) => {
      const code = `${emitter.hoist(`F${part}`, `c.parts[${part}].before`)}+i+1`;
      return makeValue('d', sqlType('int8', false), `(${code})`, 'false', 0, EXACT_DIGITS);
    });
  }
  const { drain, limits } = compileDrain(builder, stage, { kind: 'list', columns }, sink, new Set(), false);
  return { stage: functionStage(part, compileCall(builder, node), drain, room, sink.kind === 'rows'), limits };
}

/** Calls the function: what gives its values; null: an argument is NULL. */
function compileCall(builder: Builder, node: FunctionScan): (c: State) => NextValue | null {
  const given = setFunctions[node.primitive];
  if (given === undefined) throw new SqlError(SQLSTATE.feature_not_supported, `the engine has no function for ${node.primitive}`);
  const emitter = builder.emitter();
  const values = node.arguments.map((argument) => emitter.hold(boxedCode(emitValue(emitter, argument), emitter.unit.use)));
  const { strict } = primitiveOf(node.primitive);
  if (strict && values.length > 0) emitter.emit(`if(${values.map((name) => `${name}===null`).join('||')})return null;`);
  const context = primitiveOf(node.primitive).context ? ['c.context'] : [];
  emitter.emit(`return ${emitter.unit.function(given, node.primitive)}(${[...values, ...context].join(',')});`);
  const body = `${emitter.prologueText()}${emitter.lines.join('')}`;
  return emitter.unit.compile('function in FROM', 'c', body, emitter.declarations.join(''));
}

const VALUES_AT_ONCE = 1024;

function functionStage(
  part: number,
  call: (c: State) => NextValue | null,
  drain: Drain,
  groups: GroupRoom,
  isRows: boolean,
): RunningStage {
  const fill = (place: FunctionPlace): boolean => {
    place.before += place.list.length;
    place.list = [];
    place.at = 0;
    const { next } = place;
    if (next === null) return false;
    while (place.list.length < VALUES_AT_ONCE) {
      const value = next();
      if (value === undefined) {
        place.next = null;
        break;
      }
      place.list.push(value);
    }
    return place.list.length > 0;
  };
  return {
    begin: (c) => {
      const place = c.parts[part] as FunctionPlace;
      place.list = [];
      place.at = 0;
      place.before = 0;
      place.next = call(c);
    },
    run: (c) => {
      const place = c.parts[part] as FunctionPlace;
      for (let moved = false; ; moved = true) {
        if (place.at >= place.list.length && !fill(place)) return STAGE_DONE;
        if (look(c, moved)) return STAGE_PAUSED;
        groups.reserve(c, place.list.length - place.at);
        place.at = drain(c, place.list, place.at, place.list.length);
        const end = verdict(c, isRows);
        if (end >= 0) return end;
      }
    },
  };
}
