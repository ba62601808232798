/** Source form -> text: what parse() reads as the same form. 0A000 for what this language cannot say. */

import { plainError } from '../../engine/sblr/parse-error.ts';
import type { SourceExpression, SourceName, SourceNode } from '../../engine/sblr/source.gen.ts';

const cannot = (what: string): Error => plainError('0A000', `${what} cannot be said in plain`);

const nameText = ({ parts }: SourceName): string => {
  if (parts.length !== 1 || !/^[A-Za-z_][A-Za-z_0-9]*$/.test(parts[0])) throw cannot(`the name ${parts.join('.')}`);
  return parts[0];
};

function value(node: SourceExpression): string {
  if (node.op === 'column') return nameText(node.name);
  if (node.op !== 'constant') throw cannot(node.op);
  if (node.kind === 'null') return 'null';
  return node.kind === 'string' ? `'${node.text.replaceAll("'", "''")}'` : node.text;
}

function condition(node: SourceExpression): string {
  if (node.op === 'and') return node.operands.map(condition).join(' and ');
  if (node.op !== 'operator' || node.left === null) throw cannot(node.op);
  return `${value(node.left)} ${node.name.parts[0]} ${value(node.right)}`;
}

const where = (node: SourceExpression | null): string => (node === null ? '' : ` where ${condition(node)}`);

/** A statement, or a part of one. */
export function render(node: SourceNode): string {
  switch (node.op) {
    case 'select': {
      const [from] = node.from;
      if (node.from.length !== 1 || from.op !== 'tableRef' || node.group.length > 0) throw cannot('this query');
      const columns = node.items.map(({ expression }) => (expression.op === 'star' ? null : value(expression)));
      const listed = columns[0] === null ? '' : ` ${columns.join(', ')}`;
      const order = node.order.map(({ expression, descending }) => ` by ${value(expression)}${descending ? ' down' : ''}`);
      const limit = node.limit === null ? '' : ` first ${value(node.limit)}`;
      return `show ${nameText(from.name)}${listed}${where(node.where)}${order.join('')}${limit}`;
    }
    case 'insert': {
      const [row] = node.source?.op === 'values' ? node.source.rows : [];
      if (row?.op !== 'row') throw cannot('this insert');
      return `add ${nameText(node.table)} ${row.items.map(value).join(', ')}`;
    }
    case 'update': {
      const set = node.set.map((item) => `${item.columns[0]} = ${value(item.value)}`);
      return `set ${nameText(node.table)} ${set.join(', ')}${where(node.where)}`;
    }
    case 'delete':
      return `remove ${nameText(node.table)}${where(node.where)}`;
    case 'begin':
    case 'commit':
    case 'rollback':
      return node.op;
    case 'operator':
    case 'and':
      return condition(node);
    case 'constant':
    case 'column':
      return value(node);
    default:
      throw cannot(node.op);
  }
}
