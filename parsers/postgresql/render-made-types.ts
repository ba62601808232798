/** CREATE and ALTER of types and domains as canonical text. */

import type { SourceStatement } from '../../engine/sblr/source.gen.ts';
import { joinWords, quotedString } from '../kit/text.ts';
import { columnText, constraintText } from './render-definition.ts';
import { expressionText } from './render-expression.ts';
import { identifier, nameText, typeText } from './render-names.ts';

type Statement = Extract<SourceStatement, { op: 'createType' | 'createDomain' | 'alterType' }>;

export function madeTypeText(statement: Statement): string {
  switch (statement.op) {
    case 'createType': {
      const { kind, labels, attributes } = statement;
      const parts = kind === 'enum' ? labels.map(quotedString) : attributes.map(columnText);
      return `CREATE TYPE ${nameText(statement.name)} AS ${kind === 'enum' ? 'ENUM ' : ''}(${parts.join(', ')})`;
    }
    case 'createDomain':
      return joinWords([
        `CREATE DOMAIN ${nameText(statement.name)} AS ${typeText(statement.type, expressionText)}`,
        statement.collation !== null && `COLLATE ${nameText(statement.collation)}`,
        ...statement.constraints.map((one) => constraintText(one, false)),
      ]);
    case 'alterType':
      return `ALTER ${statement.kind.toUpperCase()} ${nameText(statement.name)} ${changeText(statement)}`;
  }
}

function changeText(change: Extract<Statement, { op: 'alterType' }>): string {
  const { action, label, neighbour, before, to, expression, constraint } = change;
  switch (action) {
    case 'addValue':
      return joinWords([
        'ADD VALUE',
        change.ifExists && 'IF NOT EXISTS',
        quotedString(label ?? ''),
        neighbour !== null && `${before ? 'BEFORE' : 'AFTER'} ${quotedString(neighbour)}`,
      ]);
    case 'renameValue':
      return `RENAME VALUE ${quotedString(label ?? '')} TO ${quotedString(to ?? '')}`;
    case 'renameTo':
      return `RENAME TO ${identifier(to ?? '')}`;
    case 'setSchema':
      return `SET SCHEMA ${identifier(to ?? '')}`;
    case 'ownerTo':
      return `OWNER TO ${identifier(to ?? '')}`;
    case 'setDefault':
      return `SET DEFAULT ${expression === null ? '' : expressionText(expression)}`;
    case 'dropDefault':
      return 'DROP DEFAULT';
    case 'setNotNull':
      return 'SET NOT NULL';
    case 'dropNotNull':
      return 'DROP NOT NULL';
    case 'addConstraint':
      return joinWords([
        'ADD',
        constraint !== null && constraintText({ ...constraint, notValid: false }, false),
        constraint?.notValid && 'NOT VALID',
      ]);
    case 'dropConstraint':
      return joinWords(['DROP CONSTRAINT', change.ifExists && 'IF EXISTS', identifier(label ?? ''), change.cascade && 'CASCADE']);
    case 'validateConstraint':
      return `VALIDATE CONSTRAINT ${identifier(label ?? '')}`;
    case 'renameConstraint':
      return `RENAME CONSTRAINT ${identifier(label ?? '')} TO ${identifier(to ?? '')}`;
  }
}
