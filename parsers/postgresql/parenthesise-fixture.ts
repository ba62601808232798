/** Expressions with every operation in parentheses, so that no rule of precedence is left to apply. */

import type { SourceExpression } from '../../engine/sblr/source.gen.ts';
import { render } from './render.ts';

/** `inner` rendered with each operand in parentheses. */
export function parenthesised(node: SourceExpression): string {
  const inside = (one: SourceExpression): string => `(${parenthesised(one)})`;
  const not = 'negated' in node && node.negated ? 'NOT ' : '';
  switch (node.op) {
    case 'operator': {
      const name = node.name.parts.join('.');
      return node.left === null ? `${name} ${inside(node.right)}` : `${inside(node.left)} ${name} ${inside(node.right)}`;
    }
    case 'and':
      return node.operands.map(inside).join(' AND ');
    case 'or':
      return node.operands.map(inside).join(' OR ');
    case 'not':
      return `NOT ${inside(node.operand)}`;
    case 'isTest':
      return `${inside(node.operand)} IS ${not}${node.test}`;
    case 'isDistinct':
      return `${inside(node.left)} IS ${not}DISTINCT FROM ${inside(node.right)}`;
    case 'in':
      return `${inside(node.operand)} ${not}IN (${node.list.map(parenthesised).join(', ')})`;
    case 'between':
      return `${inside(node.operand)} ${not}BETWEEN ${inside(node.low)} AND ${inside(node.high)}`;
    case 'like': {
      const kind = node.kind === 'similar' ? 'SIMILAR TO' : node.kind;
      const escaping = node.escape === null ? '' : ` ESCAPE ${inside(node.escape)}`;
      return `${inside(node.operand)} ${not}${kind} ${inside(node.pattern)}${escaping}`;
    }
    case 'quantified':
      return `${inside(node.left)} ${node.operator.parts[0]} ${node.quantifier} (${parenthesised(node.array as SourceExpression)})`;
    case 'cast':
      return `${inside(node.operand)}::${render(node.type)}`;
    case 'collate':
      return `${inside(node.operand)} COLLATE "C"`;
    default:
      return render(node);
  }
}
