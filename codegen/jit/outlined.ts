/**
 * What would make a function too long for V8 to optimise (SBLR-G3): long CASE and long chains of AND and OR become functions
 * beside it, a few arms or operands each, tried one after the other.
 */

import type { BoundCase, BoundExpression, BoundLogic } from '../../engine/sblr/bound.ts';
import { emitJump } from './conditions.ts';
import { Emitter } from './emitter.ts';
import { emitValue, type Test } from './expressions.ts';
import { boxedCode, makeValue, type Value } from './value.ts';

/** Arms and operands that stand in one function. */
export const OPERANDS_MAX = 16;

/** Writes a function beside the one of `emitter`; returns the expression that calls it. */
export function outline(emitter: Emitter, body: (inner: Emitter) => void): string {
  emitter.needCalls();
  const inner = Emitter.beside(emitter);
  const number = emitter.declarations.push('') - 1;
  body(inner);
  const locals = [...emitter.locals.values()].map((value) => value.code).filter((code) => /^[a-z]\w*$/.test(code));
  const given = ['c', emitter.rowArguments, ...new Set([...emitter.shared, ...locals])].filter((name) => name !== '').join(',');
  const name = `g${number}`;
  emitter.declarations[number] =
    `function ${name}(${given}){${inner.prologueText()}${inner.rowCacheText()}${inner.lines.join('')}}\n`;
  return `${name}(${given})`;
}

const groupsOf = <Item>(items: readonly Item[]): Item[][] =>
  Array.from({ length: Math.ceil(items.length / OPERANDS_MAX) }, (_, index) =>
    items.slice(index * OPERANDS_MAX, (index + 1) * OPERANDS_MAX),
  );

/** A long CASE: each function answers undefined when none of its arms is taken. */
export function outlinedCase(emitter: Emitter, expression: BoundCase): Value {
  const name = emitter.name('v');
  const all = emitter.name('L');
  emitter.emit(`let ${name};${all}:{`);
  for (const whens of groupsOf(expression.whens)) {
    const call = outline(emitter, (inner) => {
      for (const { condition, result } of whens) {
        const label = inner.name('L');
        inner.emit(`${label}:{`);
        emitJump(inner, condition, 'notTrue', label);
        const value = emitValue(inner, result);
        inner.emit(`return ${boxedCode(value, inner.unit.use)};}`);
      }
    });
    emitter.emit(`${name}=${call};if(${name}!==undefined)break ${all};`);
  }
  const otherwise = emitValue(emitter, expression.otherwise);
  emitter.emit(`${name}=${boxedCode(otherwise, emitter.unit.use)};}`);
  return unboxed(emitter, expression, name);
}

/** A RowValue or null in a local, as a value of its type. */
function unboxed(emitter: Emitter, { type }: BoundExpression, name: string): Value {
  if (type.name === 'bool') return makeValue('i', type, `(${name}===true?1:0)`, `${name}===null`);
  if (type.name === 'date') {
    return makeValue('i', type, emitter.hold(`${name}===null?0:${emitter.unit.use('dateWord')}(${name})`), `${name}===null`);
  }
  const rep = type.name === 'int2' || type.name === 'int4' ? 'i' : type.name === 'float4' || type.name === 'float8' ? 'd' : 'v';
  return makeValue(rep, type, name, `${name}===null`, 0, rep === 'i' ? type.digits : 0);
}

/** A long AND or OR: each function answers whether its operands decide, are all the other way, or hold a NULL. */
export function outlinedLogic(emitter: Emitter, expression: BoundLogic): Test {
  const name = emitter.name('v');
  const nil = emitter.name('n');
  const all = emitter.name('L');
  const isAnd = expression.op === 'and';
  emitter.emit(`let ${name}=${isAnd},${nil}=false;${all}:{`);
  for (const operands of groupsOf(expression.operands)) {
    const call = outline(emitter, (inner) => {
      const none = inner.name('L');
      inner.emit(`${none}:{`);
      for (const operand of operands) emitJump(inner, operand, isAnd ? 'notTrue' : 'notFalse', none);
      inner.emit('return 1;}');
      const decided = inner.name('L');
      inner.emit(`${decided}:{`);
      for (const operand of operands) emitJump(inner, operand, isAnd ? 'false' : 'true', decided);
      inner.emit('return 2;}return 0;');
    });
    const answer = emitter.name('x');
    emitter.emit(
      `const ${answer}=${call};if(${answer}===0){${name}=${!isAnd};${nil}=false;break ${all};}if(${answer}===2)${nil}=true;`,
    );
  }
  emitter.emit('}');
  return { yes: name, nil };
}
