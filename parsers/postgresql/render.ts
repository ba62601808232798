/**
 * Source form -> PostgreSQL's text: for dumps, pg_get_viewdef and the like. Parsing the text gives the same tree again, positions
 * apart. In parts: names and constants, expressions, queries, statements, definitions.
 */

import type { SourceExpression, SourceFrom, SourceQuery, SourceStatement, SourceType } from '../../engine/sblr/source.gen.ts';
import { expressionText } from './render-expression.ts';
import { typeText } from './render-names.ts';
import { fromText } from './render-query.ts';
import { statementText } from './render-statement.ts';

type Rendered = SourceStatement | SourceQuery | SourceExpression | SourceType | SourceFrom;

const FROM = new Set(['tableRef', 'queryRef', 'functionRef', 'join', 'joinAlias']);
const STATEMENTS = new Set(
  `select setOperation values insert update delete merge truncate createTable createIndex drop createSequence analyze begin commit rollback
  savepoint release rollbackTo setTransaction set show reset explain createSchema createView alter createRoutine callProcedure
  dropRoutine comment setConstraints reindex createType createDomain alterType prepare execute deallocate declareCursor fetch closeCursor discard listen unlisten notify checkpoint
  vacuum lockTable copy createRole alterRole alterRoleSetting renameRole grant grantRole ownedBy
  createPolicy alterPolicy dropPolicy createStatistics alterStatistics dropStatistics
  createDatabase alterDatabase dropDatabase createExtension dropExtension`.split(/\s+/),
);

/** Canonical text of a node. */
export function render(node: Rendered): string {
  if (STATEMENTS.has(node.op)) return statementText(node as SourceStatement | SourceQuery);
  if (FROM.has(node.op)) return fromText(node as SourceFrom);
  return node.op === 'type' ? typeText(node, expressionText) : expressionText(node as SourceExpression);
}
