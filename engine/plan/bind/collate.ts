/** COLLATE: texts are ordered by their bytes, so that the collations which say so change nothing. */

import { foldParts } from '../../sblr/resolve-type.ts';
import type { BoundExpression } from '../../sblr/bound.ts';
import type { SourceCollateNode, SourceExpression } from '../../sblr/source.gen.ts';
import { elementOf } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import type { Clause } from './clause.ts';
import { fault, unsupported } from './errors.ts';

const BY_BYTES = ['default', 'C', 'POSIX', 'ucs_basic'];
const TEXTS = ['text', 'varchar', 'char', 'name'];

/** 42704 where there is no such collation here, 42804 where the operand is no text. */
export function bindCollate(
  source: SourceCollateNode,
  clause: Clause,
  bind: (operand: SourceExpression) => BoundExpression,
): BoundExpression {
  const operand = bind(source.operand);
  const parts = foldParts(source.collation, clause.state.semantics);
  const name = parts[parts.length - 1];
  if (!BY_BYTES.includes(name) || (parts.length > 1 && parts[parts.length - 2] !== 'pg_catalog'))
    throw unsupported(`collation "${parts.join('.')}" is`, source.collation.at, 'text is ordered by its bytes: COLLATE "C"');
  const type = operand.type.name;
  if (!TEXTS.includes(elementOf(type) ?? type))
    throw fault(SQLSTATE.datatype_mismatch, `collations are not supported by type ${type}`, source.at);
  return operand;
}
