/**
 * Primitives that describe objects of the catalog by their numbers; what is answered is made by the catalog (TypeDirectory.describe).
 * How to read a line: engine/sblr/primitives.ts.
 */

const described = (name: string, types: string, result = 'text'): string =>
  `catalog.${name}(${types}) ${result} null stable context fails\n`;

/** With and without the flag that asks for a pretty form, which is the form here. */
const pretty = (name: string, types: string): string => described(name, types) + described(`${name}.pretty`, `${types}, bool`);

const IS_VISIBLE =
  'collation conversion opclass opfamily statistics textSearchConfig textSearchDictionary textSearchParser textSearchTemplate';

export const CATALOG_PRIMITIVES = [
  pretty('expression', 'text, oid'),
  pretty('constraint', 'oid'),
  described('index', 'oid'),
  described('indexColumn', 'oid, int4, bool'),
  pretty('view', 'oid'),
  pretty('viewNamed', 'text'),
  described('viewWrapped', 'oid, int4'),
  pretty('rule', 'oid'),
  pretty('trigger', 'oid'),
  described('routine', 'oid'),
  described('routineArguments', 'oid'),
  described('routineIdentity', 'oid'),
  described('routineResult', 'oid'),
  described('routineDefault', 'oid, int4'),
  described('routineBody', 'oid'),
  described('sequenceOf', 'text, text'),
  described('comment', 'oid, name'),
  described('commentOf', 'oid'),
  described('columnComment', 'oid, int4'),
  described('sharedComment', 'oid, name'),
  described('nothing', 'oid'),
  described('statistics', 'oid'),
  described('statisticsKeys', 'oid'),
  described('statisticsExpressions', 'oid', 'text[]'),
  described('partitionKey', 'oid'),
  described('partitionCondition', 'oid'),
  described('relationSize', 'regclass', 'int8'),
  described('relationFork', 'regclass, text', 'int8'),
  described('tableSize', 'regclass', 'int8'),
  described('indexesSize', 'regclass', 'int8'),
  described('totalSize', 'regclass', 'int8'),
  described('databaseSize', 'oid', 'int8'),
  described('databaseSizeNamed', 'name', 'int8'),
  described('fileNode', 'regclass', 'oid'),
  described('tablespacePlace', 'oid'),
  described('isPublishable', 'regclass', 'bool'),
  described('defaultRights', 'char1, oid', 'aclitem[]'),
  described('sequenceLast', 'regclass', 'int8'),
  ...IS_VISIBLE.split(' ').map((kind) => described(`isVisible.${kind}`, 'oid', 'bool')),
  'catalog.ancestors(regclass) regclass rows context stable\n',
].join('');
