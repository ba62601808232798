/**
 * Calls of primitives: what is hot is emitted inline (arithmetic.ts, comparisons.ts), everything else calls engine/values.
 */

import type { BoundCall, BoundExpression } from '../../engine/sblr/bound.ts';
import { type Primitive, primitiveOf } from '../../engine/sblr/primitives.ts';
import { implementations } from '../../engine/values/functions.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { inlineArithmetic } from './arithmetic.ts';
import { inlineComparison } from './comparisons.ts';
import { pathTest } from './paths.ts';
import { type Emitter, nullValue } from './emitter.ts';
import { emitValue, held, type Test, valueTest } from './expressions.ts';
import { anyNil, boxedCode, isFloatType, isWordType, makeValue, notNullCode, type Value } from './value.ts';

/** Name of a primitive's function in the unit. */
export function primitiveFunction(emitter: Emitter, name: string): string {
  const implementation = implementations[name];
  if (implementation === undefined) {
    throw new SqlError(SQLSTATE.feature_not_supported, `the engine has no function for ${name}`);
  }
  return emitter.unit.function(implementation, name);
}

export function emitCall(emitter: Emitter, call: BoundCall): Value {
  const primitive = primitiveOf(call.primitive);
  if (primitive.result === 'bool') {
    const { yes, nil } = emitCallTest(emitter, call);
    if (nil === 'true') return nullValue(call.type);
    return makeValue('i', call.type, emitter.hold(nil === 'false' ? `(${yes})?1:0` : `!(${nil})&&(${yes})?1:0`), nil);
  }
  const values = call.arguments.map((argument) => held(emitter, argument));
  if (primitive.strict && values.some((value) => value.nil === 'true')) return nullValue(call.type);
  const inline = inlineArithmetic(emitter, call, values);
  if (inline !== null) return inline;
  const { name, nil } = emitImplementation(emitter, primitive, call, values);
  return resultValue(emitter, call, name, nil);
}

/** `given`: values of the arguments, where they are there already. */
export function emitCallTest(emitter: Emitter, call: BoundCall, given?: readonly Value[]): Test {
  const primitive = primitiveOf(call.primitive);
  if (primitive.result !== 'bool') return valueTest(emitCall(emitter, call));
  const path = given === undefined ? pathTest(emitter, call) : null;
  if (path !== null) return path;
  const values = given ?? call.arguments.map((argument) => argumentValue(emitter, argument));
  if (primitive.strict && values.some((value) => value.nil === 'true')) return { yes: 'false', nil: 'true' };
  const inline = inlineComparison(emitter, call, values);
  if (inline !== null) return inline;
  const { name, nil } = emitImplementation(emitter, primitive, call, values);
  return { yes: `${name}===true`, nil };
}

/** Simple ones stand where they are used: a comparison reads each argument once. */
const argumentValue = (emitter: Emitter, argument: BoundExpression): Value =>
  argument.op === 'column' ? emitValue(emitter, argument) : held(emitter, argument);

/** The call itself: a local that holds a RowValue or null. */
function emitImplementation(
  emitter: Emitter,
  primitive: Primitive,
  call: BoundCall,
  values: readonly Value[],
): { name: string; nil: string } {
  emitter.needCalls();
  const { unit } = emitter;
  const function_ = primitiveFunction(emitter, call.primitive);
  const given = values.map((value) => (primitive.strict ? notNullCode(value, unit.use) : boxedCode(value, unit.use)));
  if (primitive.context) given.push('c.context');
  const name = emitter.name('x');
  const site = primitive.canFail ? unit.site(call.at) : '';
  const code = `${function_}(${given.join(',')})`;
  const nil = primitive.strict ? anyNil(...values.map((value) => value.nil)) : 'false';
  if (nil === 'false') emitter.emit(`${site}const ${name}=${code};`);
  else emitter.emit(`let ${name}=null;if(!(${nil})){${site}${name}=${code};}`);
  return { name, nil: nil === 'false' && !primitive.mayBeNull ? 'false' : `${name}===null` };
}

function resultValue(emitter: Emitter, call: BoundCall, name: string, nil: string): Value {
  const { type } = call;
  if (type.name === 'date') {
    const word = `${emitter.unit.use('dateWord')}(${name})`;
    return makeValue('i', type, emitter.hold(nil === 'false' ? word : `${name}===null?0:${word}`), nil);
  }
  if (isWordType(type)) return makeValue('i', type, name, nil, 0, type.digits);
  return makeValue(isFloatType(type) ? 'd' : 'v', type, name, nil);
}
