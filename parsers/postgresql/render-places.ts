/** CREATE, ALTER and DROP of databases and extensions as canonical text. */

import type { SourceOption, SourceStatement } from '../../engine/sblr/source.gen.ts';
import { joinWords } from '../kit/text.ts';
import { expressionText } from './render-expression.ts';
import { constantText, identifier } from './render-names.ts';
import { roleText } from './render-privileges.ts';

export type PlaceStatement = Extract<
  SourceStatement,
  { op: 'createDatabase' | 'alterDatabase' | 'dropDatabase' | 'createExtension' | 'dropExtension' }
>;

const optionText = ({ name, value }: SourceOption): string =>
  `${name.toUpperCase()} ${value === null ? 'DEFAULT' : expressionText(value)}`;

export function placeText(statement: PlaceStatement): string {
  switch (statement.op) {
    case 'createDatabase':
      return joinWords([`CREATE DATABASE ${identifier(statement.name)}`, ...statement.options.map(optionText)]);
    case 'alterDatabase':
      return joinWords([
        `ALTER DATABASE ${identifier(statement.name)}`,
        statement.action === 'rename' ? `RENAME TO ${identifier(statement.to)}` : `OWNER TO ${roleText(statement.to)}`,
      ]);
    case 'dropDatabase':
      return `DROP DATABASE ${statement.ifExists ? 'IF EXISTS ' : ''}${identifier(statement.name)}`;
    case 'createExtension':
      return joinWords([
        `CREATE EXTENSION ${statement.ifNotExists ? 'IF NOT EXISTS ' : ''}${identifier(statement.name)}`,
        statement.schema !== null && `SCHEMA ${identifier(statement.schema)}`,
        statement.version !== null &&
          `VERSION ${constantText({ op: 'constant', at: 0, kind: 'string', text: statement.version })}`,
        statement.cascade && 'CASCADE',
      ]);
    case 'dropExtension':
      return joinWords([
        `DROP EXTENSION ${statement.ifExists ? 'IF EXISTS ' : ''}${statement.names.map(identifier).join(', ')}`,
        statement.cascade && 'CASCADE',
      ]);
  }
}
