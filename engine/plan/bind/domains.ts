/** Domains: a value becomes one of a domain when what the domain asks holds of it. */

import type { BoundExpression } from '../../sblr/bound.ts';
import { type SqlType, sqlType, withNullable } from '../../sblr/types.ts';
import { callNode, constantNode } from './coerce.ts';
import { once } from './compare.ts';
import type { Scope, ScopeRelation } from './scope.ts';
import type { BindState } from './state.ts';
import { bindCheckSource } from './stored.ts';
import { withChildren } from './tree.ts';

/** The value, which is of the domain's base, checked: 23502, 23514 when it runs. A domain over a domain asks what both do. */
export function asDomain(state: BindState, node: BoundExpression, id: number, at: number): BoundExpression {
  state.useType(id);
  const domain = state.environment.catalog.domain?.(id) ?? null;
  if (domain === null) return node;
  let value = domain.base.domain === undefined ? node : asDomain(state, node, domain.base.domain, at);
  const text = (content: string): BoundExpression => constantNode(state, content, sqlType('text'), at);
  if (domain.notNull) {
    const checked = callNode(state, 'domain.notNull', [value, text(domain.name)], value.type.name, undefined, at);
    value = typed(state, checked, withNullable(value.type, false), at);
  }
  for (const { name, expression } of domain.checks) {
    value = once(state, value, (own) => {
      const test = checkOver(state.within(expression.dialect), expression.source, own, domain.base);
      const args = [own, test, text(domain.name), text(name)];
      return typed(state, callNode(state, 'domain.check', args, own.type.name, undefined, at), own.type, at);
    });
  }
  return typed(state, value, { ...value.type, domain: id }, at);
}

function typed(state: BindState, node: BoundExpression, type: SqlType, at: number): BoundExpression {
  const copy = { ...node, type } as BoundExpression;
  state.positions.set(copy, at);
  return copy;
}

/** CHECK (... VALUE ...) of a value. */
function checkOver(
  state: BindState,
  source: Parameters<typeof bindCheckSource>[0],
  value: BoundExpression,
  base: SqlType,
): BoundExpression {
  const column = state.newColumn();
  const type = withNullable(
    { ...base, ...(value.type.name === base.name ? {} : { name: value.type.name }) },
    value.type.nullable,
  );
  const relation: ScopeRelation = {
    ...{ alias: 'value', schema: null, name: 'value', onRead: () => {} },
    columns: [{ name: 'value', column, type, table: 0, attribute: 0 }],
  };
  const scope: Scope = { relations: [relation], outer: null };
  const inPlace = (node: BoundExpression): BoundExpression =>
    node.op === 'column' && node.column === column ? value : withChildren(node, inPlace);
  return inPlace(bindCheckSource(source, state, scope));
}
