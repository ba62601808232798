/**
 * The sink of a query and of RETURNING: one row of the caller's format (SBLR-R1, R4), names given from outside, values boxed once.
 */

import type { EmbeddedFormat } from '../../engine/plan/program.ts';
import type { BoundExpression, OutputColumn } from '../../engine/sblr/bound.ts';
import type { Emitter } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { outline } from './outlined.ts';
import { boxedCode } from './value.ts';

/** Rows wider than this are put together from pieces (SBLR-G3). */
const LITERAL_MAX = 48;

/** Expression of a row. */
export function emitRow(emitter: Emitter, format: EmbeddedFormat, output: readonly OutputColumn[]): string {
  const { unit } = emitter;
  if (output.length > LITERAL_MAX) return emitWideRow(emitter, format, output);
  const values = output.map(({ column, type }) => boxedCode(emitValue(emitter, columnOf(column, type)), unit.use));
  if (format === 'array') return `[${values.join(',')}]`;
  const keys = output.map(({ name }, index) => unit.constant(propertyKey(name), `name of output column ${index + 1}`));
  return `{${values.map((value, index) => `[${keys[index]}]:${value}`).join(',')}}`;
}

const propertyKeys = new Map<string, string>();
const KEYS_MAX = 4096;

/** The name as the engine keeps names of properties: with any other string each store under it looks that one up, at 100 ns. */
export function propertyKey(name: string): string {
  let key = propertyKeys.get(name);
  if (key === undefined) {
    [key] = Object.keys({ [name]: 0 });
    if (propertyKeys.size >= KEYS_MAX) propertyKeys.clear();
    propertyKeys.set(name, key);
  }
  return key;
}

const columnOf = (column: number, type: OutputColumn['type']): BoundExpression => ({ op: 'column', column, type });

function emitWideRow(emitter: Emitter, format: EmbeddedFormat, output: readonly OutputColumn[]): string {
  const pieces: string[] = [];
  for (let from = 0; from < output.length; from += LITERAL_MAX) {
    const piece = output.slice(from, from + LITERAL_MAX);
    pieces.push(
      outline(emitter, (inner) => {
        const values = piece.map(({ column, type }) => boxedCode(emitValue(inner, columnOf(column, type)), inner.unit.use));
        inner.emit(`return[${values.join(',')}];`);
      }),
    );
  }
  const array = `[].concat(${pieces.join(',')})`;
  if (format === 'array') return array;
  const names = emitter.unit.constant(
    output.map(({ name }) => name),
    'names of the output columns',
  );
  return `${emitter.unit.use('objectOf')}(${names},${array})`;
}
