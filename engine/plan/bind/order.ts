/** What ORDER BY, GROUP BY and DISTINCT ON mean by a bare name or a number: an item of the output (SBLR-N4). */

import type { BoundParameter } from '../../sblr/bound.ts';
import { columnTest, foldParts } from '../../sblr/resolve-type.ts';
import type { SourceExpression, SourceName } from '../../sblr/source.gen.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { fault } from './errors.ts';
import type { Item } from './output.ts';
import { sameExpression } from './same.ts';
import { ownColumn, type Scope } from './scope.ts';
import type { BindState } from './state.ts';

/** The text of a constant that stands alone; a lifted one shapes the module (SBLR-N2). Null: no constant. */
function constantText(source: SourceExpression, state: BindState): { readonly text: string; readonly kind: string } | null {
  if (source.op === 'constant') return source;
  if (source.op !== 'literal') return null;
  const literal = state.liftedLiteral(state.literal(source.index, source.at) as BoundParameter);
  state.shaping.add(source.index);
  return { text: literal?.text ?? '', kind: source.kind };
}

/** The item at a position. 42P10, 42601 */
export function findByPosition(source: SourceExpression, items: readonly Item[], what: string, state: BindState): Item | null {
  const constant = constantText(source, state);
  if (constant === null) return null;
  if (constant.kind !== 'integer') throw fault(SQLSTATE.syntax_error, `non-integer constant in ${what}`, source.at);
  const item = items[Number(constant.text) - 1];
  if (item === undefined)
    throw fault(SQLSTATE.invalid_column_reference, `${what} position ${constant.text} is not in select list`, source.at);
  return item;
}

function outputNamed(name: string, items: readonly Item[], what: string, at: number, state: BindState): Item | null {
  const isNamed = columnTest(name, state.semantics);
  const named = items.filter((item) => isNamed(item.name));
  if (named.length === 0) return null;
  if (named.some((item) => !sameExpression(item.node, named[0].node, state)))
    throw fault(SQLSTATE.ambiguous_column, `${what} "${name}" is ambiguous`, at);
  return named[0];
}

/** The item of the output that a bare name means; null: it is to be looked up among the input's columns. 42702 */
export function findByName(
  name: SourceName | string,
  items: readonly Item[],
  what: string,
  at: number,
  state: BindState,
  lookup?: { readonly places: readonly string[]; readonly scope: Scope },
): Item | null {
  const folded = typeof name === 'string' ? name : foldParts(name, state.semantics)[0];
  for (const place of lookup?.places ?? ['output']) {
    if (place === 'output') {
      const found = outputNamed(folded, items, what, at, state);
      if (found !== null) return found;
    } else if (place === 'input' && lookup !== undefined && ownColumn(folded, lookup.scope, state.semantics, at) !== null)
      return null;
  }
  return null;
}
