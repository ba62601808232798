/** Prepared statements, cursors, channels, LOCK, VACUUM and COPY as canonical text. */

import type { SourceQuery, SourceStatement } from '../../engine/sblr/source.gen.ts';
import { joinWords, quotedString } from '../kit/text.ts';
import { expressionText, restrictedText } from './render-expression.ts';
import { identifier, nameText, typeText } from './render-names.ts';
import { queryText } from './render-query.ts';

export type SessionStatement = Extract<
  SourceStatement,
  {
    op:
      | ('prepare' | 'execute' | 'deallocate' | 'declareCursor' | 'fetch' | 'closeCursor' | 'discard')
      | ('listen' | 'unlisten' | 'notify' | 'checkpoint' | 'vacuum' | 'lockTable' | 'copy');
  }
>;

/** Renders the statement inside. */
type RenderStatement = (statement: SourceStatement | SourceQuery) => string;

const nameOrAll = (name: string | null): string => (name === null ? 'ALL' : identifier(name));

const listed = (texts: readonly string[]): string => (texts.length === 0 ? '' : ` (${texts.join(', ')})`);

export function sessionStatementText(statement: SessionStatement, render: RenderStatement): string {
  switch (statement.op) {
    case 'prepare': {
      const types = listed(statement.types.map((type) => typeText(type, expressionText)));
      return `PREPARE ${identifier(statement.name)}${types} AS ${render(statement.statement)}`;
    }
    case 'execute':
      return `EXECUTE ${identifier(statement.name)}${listed(statement.arguments.map(expressionText))}`;
    case 'deallocate':
      return `DEALLOCATE ${nameOrAll(statement.name)}`;
    case 'declareCursor':
      return joinWords([
        `DECLARE ${identifier(statement.name)}`,
        statement.binary && 'BINARY',
        { default: '', scroll: 'SCROLL', no: 'NO SCROLL' }[statement.scroll],
        `CURSOR ${statement.hold ? 'WITH HOLD ' : ''}FOR ${queryText(statement.query)}`,
      ]);
    case 'fetch': {
      const count = statement.count === null ? 'ALL' : String(statement.count);
      return `${statement.move ? 'MOVE' : 'FETCH'} ${statement.direction.toUpperCase()} ${count} FROM ${identifier(statement.name)}`;
    }
    case 'closeCursor':
      return `CLOSE ${nameOrAll(statement.name)}`;
    case 'discard':
      return `DISCARD ${statement.what.toUpperCase()}`;
    case 'listen':
      return `LISTEN ${identifier(statement.channel)}`;
    case 'unlisten':
      return `UNLISTEN ${statement.channel === null ? '*' : identifier(statement.channel)}`;
    case 'notify': {
      const payload = statement.payload === null ? '' : `, ${quotedString(statement.payload)}`;
      return `NOTIFY ${identifier(statement.channel)}${payload}`;
    }
    case 'checkpoint':
      return 'CHECKPOINT';
    case 'vacuum': {
      const options = statement.options.map(({ name, value }) => (value === null ? name : `${name} ${restrictedText(value)}`));
      return joinWords([`VACUUM${listed(options)}`, statement.tables.map(nameText).join(', ')]);
    }
    case 'copy':
      return copyText(statement, render);
    case 'lockTable':
      return joinWords([
        `LOCK TABLE ${statement.tables.map(nameText).join(', ')} IN ${statement.mode.toUpperCase()} MODE`,
        statement.nowait && 'NOWAIT',
      ]);
  }
}

function copyText(statement: Extract<SessionStatement, { op: 'copy' }>, render: RenderStatement): string {
  const { table, columns, query, direction, file, options, where } = statement;
  const what = table === null ? `(${render(query as SourceQuery)})` : nameText(table) + listed(columns.map(identifier));
  const target = file === null ? (direction === 'from' ? 'STDIN' : 'STDOUT') : quotedString(file);
  const written: string[] = [];
  for (const [index, { name, value }] of options.entries()) {
    const isOfColumns = name.startsWith('force_');
    if (!isOfColumns) written.push(value === null ? name : `${name} ${restrictedText(value)}`);
    else if (value === null) written.push(`${name} *`);
    else if (options[index - 1]?.name !== name || options[index - 1].value === null) {
      const end = options.findIndex((option, at) => at > index && (option.name !== name || option.value === null));
      const names = options.slice(index, end < 0 ? undefined : end).map((option) => (option.value as { text: string }).text);
      written.push(`${name}${listed(names.map(identifier))}`);
    }
  }
  return joinWords([
    `COPY ${what} ${direction.toUpperCase()} ${target}${listed(written)}`,
    where !== null && `WHERE ${expressionText(where)}`,
  ]);
}
