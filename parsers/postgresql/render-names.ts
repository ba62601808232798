/** Names, types and constants as PostgreSQL's text. */

import type { SourceAlias, SourceConstantNode, SourceExpression, SourceName, SourceType } from '../../engine/sblr/source.gen.ts';
import { quotedIdentifier, quotedString } from '../kit/text.ts';
import { KEYWORDS } from './keywords.ts';
import { PLACEHOLDERS } from './lifted.ts';

const PLAIN = /^[a-z_\u0080-\uffff][a-z0-9_$\u0080-\uffff]*$/;

/** A name of one part that is folded already. */
export function identifier(name: string): string {
  const category = KEYWORDS.get(name)?.category;
  const isPlain = PLAIN.test(name) && (category === undefined || category === 'unreserved');
  return isPlain ? name : quotedIdentifier(name);
}

export const identifiers = (names: readonly string[]): string => names.map(identifier).join(', ');

/** A name as its marks say: quoted parts stay quoted. */
export const marked = (name: string, quoted: boolean): string => (quoted ? quotedIdentifier(name) : name);

export const nameText = (name: SourceName): string => name.parts.map((part, index) => marked(part, name.quoted[index])).join('.');

/** An operator between its operands. */
export function operatorText(name: SourceName): string {
  return name.parts.length === 1 ? name.parts[0] : `OPERATOR(${operatorName(name)})`;
}

function operatorName(name: SourceName): string {
  const last = name.parts.length - 1;
  return name.parts.map((part, index) => (index === last ? part : marked(part, name.quoted[index]))).join('.');
}

/** ` AS name (columns)`, or nothing. */
export function aliasText(alias: SourceAlias | null): string {
  if (alias === null) return '';
  const columns = alias.columns.length === 0 ? '' : `(${identifiers(alias.columns)})`;
  return ` AS ${marked(alias.name, alias.quoted)}${columns}`;
}

export function typeText(type: SourceType, expression: (node: SourceExpression) => string): string {
  const modifiers = type.modifiers.length === 0 ? '' : `(${type.modifiers.map(expression).join(', ')})`;
  const fields = type.fields === null ? '' : ` ${type.fields.toUpperCase()}`;
  return `${nameText(type.name)}${fields}${modifiers}${'[]'.repeat(type.dimensions)}`;
}

export function constantText({ kind, text }: SourceConstantNode): string {
  switch (kind) {
    case 'string':
      return quotedString(text);
    case 'bits':
      return `B${quotedString(text)}`;
    case 'hexBits':
      return `X${quotedString(text)}`;
    case 'integer':
    case 'decimal':
      return text;
    default:
      return text.toUpperCase();
  }
}

/** A lifted literal has no text of its own: what stands for it in normalised text. */
export const liftedText = (kind: 'integer' | 'decimal' | 'string'): string =>
  kind === 'string' ? PLACEHOLDERS.string : kind === 'decimal' ? PLACEHOLDERS.numeric : PLACEHOLDERS.int4;

/** A table by its name, with or without those that inherit from it. */
export const onlyText = (name: SourceName, only: boolean): string => `${only ? 'ONLY ' : ''}${nameText(name)}`;
