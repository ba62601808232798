/** `@?` and `@@` with a path that is a parameter: over the bytes of a jsonb in the page (engine/values/json-path-bytes.ts). */

import type { BoundCall } from '../../engine/sblr/bound.ts';
import { testPathBytes } from '../../engine/values/json-path-bytes.ts';
import type { Emitter } from './emitter.ts';
import { emitValue, type Test } from './expressions.ts';

/** The test, or null where the call is no such one; what a path needs beyond bytes is looked at after the page. */
export function pathTest(emitter: Emitter, call: BoundCall): Test | null {
  if (emitter.wide || (call.primitive !== 'jsonb.pathExists' && call.primitive !== 'jsonb.pathMatch')) return null;
  const [target, given] = call.arguments;
  if (target.op !== 'column' || given.op !== 'parameter') return null;
  const value = emitValue(emitter, target);
  if (value.raw === undefined || value.nil === 'true') return null;
  const exists = call.primitive === 'jsonb.pathExists';
  const path = emitter.hoist(`y_${given.index}${exists}`, `c.pathOf(${given.index},${exists})`);
  const isNull = emitter.hoist(`yn_${given.index}`, `c.values[${given.index}]==null`);
  emitter.emit(`if(${path}===null||${isNull})${emitter.exit}`);
  const text = value.raw(emitter);
  const test = `${emitter.unit.function(testPathBytes, 'testPathBytes')}(${path},${text.memory},${text.code},${text.length})`;
  const name = emitter.name('y');
  emitter.emit(value.nil === 'false' ? `const ${name}=${test};` : `const ${name}=(${value.nil})?2:${test};`);
  emitter.emit(`if(${name}<0)${emitter.exit}`);
  return { yes: `${name}===1`, nil: `${name}===2` };
}
