/**
 * From the bytes of a message to what generated code reads (SBLR-R4): parameters in text or PostgreSQL's binary form, checked for
 * UTF-8, length and range. 08P01 for a wrong number of them, 22P02 and the like for texts, 22P03 for bytes, 22021 for no UTF-8.
 *
 * Hot: integers and short texts are read without an allocation but the text.
 */

import { isUtf8 } from 'node:buffer';
import type { EncodedValues } from '../../plugins/contract/encoded-values.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { Parameters } from '../plan/program.ts';
import type { SqlType } from '../sblr/types.ts';
import type { ValueContext } from '../values/context.ts';
import { implementations } from '../values/functions.ts';
import { putRowValue } from './parameters.ts';
import type { ShapeParts } from './shape.ts';

type Parts = Pick<ShapeParts, 'clientParameters' | 'parameters'>;

export function decodeParameters(parts: Parts, given: EncodedValues, to: Parameters, context: ValueContext): void {
  const { clientParameters, parameters } = parts;
  if (given.count !== clientParameters) {
    throw new SqlError(
      SQLSTATE.protocol_violation,
      `bind message supplies ${given.count} parameters, but prepared statement requires ${clientParameters}`,
    );
  }
  for (let index = 0; index < clientParameters; index++) {
    const start = given.starts[index];
    const length = given.lengths[index];
    if (length < 0) putRowValue(to, index, parameters[index], null);
    else if (given.forms[index] === 'text') decodeText(given.bytes, start, length, to, index, parameters[index], context);
    else throw new SqlError(SQLSTATE.feature_not_supported, 'binary parameters are not there');
  }
}

function decodeText(
  bytes: Buffer,
  start: number,
  length: number,
  to: Parameters,
  index: number,
  type: SqlType,
  context: ValueContext,
): void {
  const own = bytes.subarray(start, start + length);
  if (!isUtf8(own) || own.includes(0)) throw notUtf8(own);
  putRowValue(to, index, type, implementations[`text.to.${type.name}`](own.toString(), context));
}

function notUtf8(bytes: Uint8Array): SqlError {
  const shown = [...bytes.subarray(0, 1)].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
  return new SqlError(SQLSTATE.character_not_in_repertoire, `invalid byte sequence for encoding "UTF8": ${shown}`);
}
