/**
 * Expressions: each form of the bound form as statements that leave a value, or a test, behind.
 */

import type {
  BoundCase,
  BoundCoalesce,
  BoundExpression,
  BoundExtreme,
  BoundIsDistinct,
  BoundIsTest,
  BoundLogic,
} from '../../engine/sblr/bound.ts';
import type { SqlType } from '../../engine/sblr/types.ts';
import { assert } from '../../shm/assert.ts';
import { emitCall, emitCallTest } from './calls.ts';
import { emitJump } from './conditions.ts';
import { type Emitter, NotInPage } from './emitter.ts';
import { emitConstant, emitParameter } from './leaves.ts';
import { emitIn } from './lists.ts';
import { OPERANDS_MAX, outlinedCase, outlinedLogic } from './outlined.ts';
import { emitSubplan } from './subplan-code.ts';
import { boxedCode, makeValue, slotCode, slotValue, type Value } from './value.ts';

/** A boolean: `yes` is a JavaScript condition that counts where `nil` is not true. */
export interface Test {
  readonly yes: string;
  readonly nil: string;
}

/** Writes the code of an expression; its value. */
export function emitValue(emitter: Emitter, expression: BoundExpression): Value {
  switch (expression.op) {
    case 'column': {
      const reader = emitter.columns.get(expression.column);
      assert(reader !== undefined, 'an expression reads columns of its input');
      return readAs(reader(emitter), expression.type);
    }
    case 'parameter':
      return emitParameter(emitter, expression);
    case 'constant':
      return emitConstant(emitter, expression);
    case 'local': {
      const value = emitter.locals.get(expression.local);
      assert(value !== undefined, 'a local stands inside its let');
      return value;
    }
    case 'call':
      return emitCall(emitter, expression);
    case 'case':
      return expression.whens.length > OPERANDS_MAX ? outlinedCase(emitter, expression) : emitCase(emitter, expression);
    case 'coalesce':
      return emitCoalesce(emitter, expression);
    case 'extreme':
      return emitExtreme(emitter, expression);
    case 'let': {
      bindLocal(emitter, expression.local, expression.value);
      return emitValue(emitter, expression.body);
    }
    case 'subplan':
      return emitSubplan(emitter, expression);
    default:
      return testValue(emitter, emitTest(emitter, expression), expression.type);
  }
}

/** A text that is read as char(n) is compared like one: without the blanks at its end. */
function readAs(value: Value, type: SqlType): Value {
  if (type.name !== 'char' || value.type.name === 'char') return value;
  if (value.rep === 'b') throw new NotInPage();
  return { ...value, type };
}

/** A value under the number of a local; held, so that functions beside this one can take it as arguments. */
function bindLocal(emitter: Emitter, local: number, expression: BoundExpression): void {
  const value = emitValue(emitter, expression);
  if (value.rep === 'b') throw new NotInPage();
  const code = emitter.hold(slotCode(value));
  emitter.locals.set(local, slotValue(value, code));
}

const testValue = (emitter: Emitter, { yes, nil }: Test, type: SqlType): Value =>
  makeValue('i', type, emitter.hold(nil === 'false' ? `(${yes})?1:0` : `!(${nil})&&(${yes})?1:0`), nil);

/** Writes the code of a boolean expression; how to test it. */
export function emitTest(emitter: Emitter, expression: BoundExpression): Test {
  switch (expression.op) {
    case 'call':
      return emitCallTest(emitter, expression);
    case 'and':
    case 'or':
      return expression.operands.length > OPERANDS_MAX ? outlinedLogic(emitter, expression) : logicTest(emitter, expression);
    case 'not': {
      const { yes, nil } = emitTest(emitter, expression.operand);
      return { yes: `!(${yes})`, nil };
    }
    case 'isTest':
      return isTest(emitter, expression);
    case 'isDistinct':
      return distinctTest(emitter, expression);
    case 'in':
      return emitIn(emitter, expression);
    default:
      return valueTest(emitValue(emitter, expression));
  }
}

/** A boolean value as a test. */
export const valueTest = (value: Value): Test =>
  value.nil === 'true'
    ? { yes: 'false', nil: 'true' }
    : { yes: value.rep === 'i' ? `${value.code}!==0` : `${value.code}===true`, nil: value.nil };

/** AND and OR where the value is wanted: false (true) decides, else NULL does. */
function logicTest(emitter: Emitter, expression: BoundLogic): Test {
  const isAnd = expression.op === 'and';
  const value = emitter.name('v');
  const nil = emitter.name('n');
  const block = emitter.name('L');
  let nullable = false;
  const body = emitter.apart(() => {
    for (const operand of expression.operands) {
      const test = emitTest(emitter, operand);
      const decides = isAnd ? `!(${test.yes})` : test.yes;
      // A NULL before it no longer counts.
      const isSure = nullable ? `${nil}=false;` : '';
      if (test.nil === 'false') emitter.emit(`if(${decides}){${value}=${!isAnd};${isSure}break ${block};}`);
      else {
        nullable = true;
        emitter.emit(`if(${test.nil})${nil}=true;else if(${decides}){${value}=${!isAnd};${nil}=false;break ${block};}`);
      }
    }
  });
  emitter.emit(`let ${value}=${isAnd}${nullable ? `,${nil}=false` : ''};${block}:{${body}}`);
  return { yes: value, nil: nullable ? nil : 'false' };
}

function isTest(emitter: Emitter, { operand, test, negated }: BoundIsTest): Test {
  let yes: string;
  if (test === 'null') yes = operand.type.name === 'bool' ? emitTest(emitter, operand).nil : emitValue(emitter, operand).nil;
  else {
    const value = emitTest(emitter, operand);
    if (test === 'unknown') yes = value.nil;
    else if (test === 'true') yes = `!(${value.nil})&&(${value.yes})`;
    else yes = `!(${value.nil})&&!(${value.yes})`;
  }
  return { yes: negated ? `!(${yes})` : yes, nil: 'false' };
}

function distinctTest(emitter: Emitter, expression: BoundIsDistinct): Test {
  const left = held(emitter, expression.left);
  const right = held(emitter, expression.right);
  const equal = emitCallTest(
    emitter,
    { op: 'call', primitive: expression.equal, arguments: [expression.left, expression.right], type: expression.type, at: 0 },
    [left, right],
  );
  const same = `((${left.nil})||(${right.nil})?(${left.nil})===(${right.nil}):(${equal.yes}))`;
  return { yes: expression.negated ? same : `!${same}`, nil: 'false' };
}

/** An expression whose value is used more than once. */
export function held(emitter: Emitter, expression: BoundExpression): Value {
  const value = emitValue(emitter, expression);
  if (value.rep !== 'v' || /^\w+$/.test(value.code) || value.nil === 'true') return value;
  return slotValue(value, emitter.hold(slotCode(value)));
}

/** What the branches of an expression have in common, and the code that brings each there. */
interface Joined {
  readonly like: Value;
  readonly code: (value: Value) => string;
}

function join(emitter: Emitter, values: readonly Value[], type: SqlType): Joined {
  const real = values.filter((value) => value.nil !== 'true');
  const [first] = real;
  const nil = values.some((value) => value.nil !== 'false') ? 'maybe' : 'false';
  const digits = real.some((value) => value.digits === 0) ? 0 : Math.max(...real.map((value) => value.digits));
  if (first === undefined) return { like: makeValue('v', type, '', 'maybe'), code: () => 'null' };
  const sameWay = real.every((value) => (value.rep === 'i' || value.rep === 'd') && value.scale === first.scale);
  if (sameWay && first.rep !== 'v') {
    const rep = real.every((value) => value.rep === 'i') ? 'i' : 'd';
    return { like: makeValue(rep, type, '', nil, first.scale, digits), code: slotCode };
  }
  if (!emitter.wide) throw new NotInPage();
  const like = makeValue(type.name === 'bool' || type.name === 'date' ? 'v' : 'v', type, '', nil);
  return { like, code: (value) => boxedCode(value, emitter.unit.use) };
}

/** Branches: each writes its code and gives a value; `wrap` puts a branch's code into the whole. */
export function emitBranches(
  emitter: Emitter,
  type: SqlType,
  branches: readonly { readonly guard: (label: string) => void; readonly value: () => Value }[],
): Value {
  const written = branches.map(({ guard, value }) => {
    const label = emitter.name('L');
    let result: Value | undefined;
    const before = emitter.apart(() => guard(label));
    const lines = emitter.apart(() => {
      result = value();
    });
    return { label, before, lines, value: result as Value };
  });
  const joined = join(
    emitter,
    written.map(({ value }) => value),
    type,
  );
  const name = emitter.name('v');
  const all = emitter.name('L');
  // NULL is null in the local, whatever the rep.
  emitter.emit(`let ${name}=${joined.like.nil === 'false' && joined.like.rep !== 'v' ? '0' : 'null'};${all}:{`);
  for (const { label, before, lines, value } of written) {
    emitter.emit(`${label}:{${before}${lines}${name}=${joined.code(value)};break ${all};}`);
  }
  emitter.emit('}');
  return slotValue(joined.like, name);
}

function emitCase(emitter: Emitter, expression: BoundCase): Value {
  return emitBranches(emitter, expression.type, [
    ...expression.whens.map(({ condition, result }) => ({
      guard: (label: string) => emitJump(emitter, condition, 'notTrue', label),
      value: () => emitValue(emitter, result),
    })),
    { guard: () => {}, value: () => emitValue(emitter, expression.otherwise) },
  ]);
}

function emitCoalesce(emitter: Emitter, expression: BoundCoalesce): Value {
  return emitBranches(
    emitter,
    expression.type,
    expression.arguments.map((argument, index) => {
      let value: Value | undefined;
      return {
        guard: (label: string) => {
          value = held(emitter, argument);
          if (index < expression.arguments.length - 1 && value.nil !== 'false') emitter.emit(`if(${value.nil})break ${label};`);
        },
        value: () => {
          const given = value as Value;
          return index < expression.arguments.length - 1 && given.nil !== 'true' ? { ...given, nil: 'false' } : given;
        },
      };
    }),
  );
}

/** GREATEST and LEAST: the best so far, boxed or not as all are. */
function emitExtreme(emitter: Emitter, expression: BoundExtreme): Value {
  const values = expression.arguments.map((argument) => held(emitter, argument));
  const joined = join(emitter, values, expression.type);
  const name = emitter.name('v');
  emitter.emit(`let ${name}=null;`);
  const best = { ...slotValue({ ...joined.like, nil: 'false' }, name) };
  values.forEach((value) => {
    if (value.nil === 'true') return;
    const next = { ...joined.like, code: emitter.hold(joined.code(value)), nil: 'false' };
    const pair = expression.kind === 'least' ? [next, best] : [best, next];
    let test: Test | undefined;
    const lines = emitter.apart(() => {
      test = emitCallTest(
        emitter,
        { op: 'call', primitive: expression.less, arguments: [], type: { ...expression.type, name: 'bool' }, at: 0 },
        pair,
      );
    });
    const label = emitter.name('L');
    const isNull = value.nil === 'false' ? '' : `if(${next.code}===null)break ${label};`;
    emitter.emit(
      `${label}:{${isNull}if(${name}!==null){${lines}if(!(${(test as Test).yes}))break ${label};}${name}=${next.code};}`,
    );
  });
  return slotValue({ ...joined.like, nil: values.some((value) => value.nil === 'false') ? 'false' : 'maybe' }, name);
}
