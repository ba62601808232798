/** Parameters and lifted literals as nodes. */

import { syntaxError } from '../../engine/sblr/parse-error.ts';
import type { SourceLiteralNode, SourceParameterNode } from '../../engine/sblr/source.gen.ts';
import type { SqlToken } from '../kit/token.ts';
import { Parameter } from './tokens.ts';

/** Kind of a lifted literal by its placeholder's code (lifted.ts). */
export const LIFTED_ORDER: readonly SourceLiteralNode['kind'][] = ['integer', 'integer', 'integer', 'decimal', 'string'];

const PARAMETERS_MAX = 65535;

/** What a statement's parameters are, as far as it has been read. */
interface Parameters {
  parameterNames: string[];
  parameterCount: number;
}

/** Numbered: the number is written. Named: names get numbers in order of their first use. A statement has one kind only. */
export function parameterOf(token: SqlToken, known: Parameters): SourceParameterNode {
  const isNumbered = token.tokenType === Parameter;
  if (isNumbered ? known.parameterNames.length > 0 : known.parameterCount > known.parameterNames.length) {
    throw syntaxError('numbered and named parameters cannot be mixed', token.startOffset);
  }
  if (isNumbered) {
    const number = Number(token.value);
    if (number < 1 || number > PARAMETERS_MAX) throw syntaxError(`there is no parameter $${token.value}`, token.startOffset);
    known.parameterCount = Math.max(known.parameterCount, number);
    return { op: 'parameter', at: token.ordinal, number, name: null };
  }
  let index = known.parameterNames.indexOf(token.value);
  if (index < 0) index = known.parameterNames.push(token.value) - 1;
  known.parameterCount = known.parameterNames.length;
  return { op: 'parameter', at: token.ordinal, number: index + 1, name: token.value };
}
