/** PostgreSQL's functions that describe objects of the catalog. How to read a line: ../kit/signatures.ts. */

/** Functions in FROM whose columns have names of their own. */
export const CATALOG_ROW_FUNCTIONS = {
  pg_partition_ancestors: [{ name: 'relid', function: 'pg_partition_ancestors.relid' }],
};

export const CATALOG_FUNCTIONS = `
pg_get_expr: catalog.expression catalog.expression.pretty
pg_get_constraintdef: catalog.constraint catalog.constraint.pretty
pg_get_indexdef: catalog.index catalog.indexColumn
pg_get_viewdef: catalog.view catalog.view.pretty catalog.viewNamed catalog.viewNamed.pretty catalog.viewWrapped
pg_get_ruledef: catalog.rule catalog.rule.pretty
pg_get_triggerdef: catalog.trigger catalog.trigger.pretty
pg_get_functiondef: catalog.routine
pg_get_function_arguments: catalog.routineArguments
pg_get_function_identity_arguments: catalog.routineIdentity
pg_get_function_result: catalog.routineResult
pg_get_function_arg_default: catalog.routineDefault
pg_get_function_sqlbody: catalog.routineBody
pg_get_serial_sequence: catalog.sequenceOf
pg_get_partkeydef: catalog.partitionKey
pg_get_partition_constraintdef: catalog.partitionCondition
pg_get_statisticsobjdef: catalog.statistics
pg_get_statisticsobjdef_columns: catalog.statisticsKeys
pg_get_statisticsobjdef_expressions: catalog.statisticsExpressions
obj_description: catalog.comment catalog.commentOf
col_description: catalog.columnComment
shobj_description: catalog.sharedComment
pg_relation_size: catalog.relationSize catalog.relationFork
pg_table_size: catalog.tableSize
pg_indexes_size: catalog.indexesSize
pg_total_relation_size: catalog.totalSize
pg_database_size: catalog.databaseSize catalog.databaseSizeNamed
pg_relation_filenode: catalog.fileNode
pg_tablespace_location: catalog.tablespacePlace
pg_relation_is_publishable: catalog.isPublishable
pg_sequence_last_value: catalog.sequenceLast
acldefault: catalog.defaultRights
pg_partition_ancestors: catalog.ancestors
pg_partition_ancestors.relid: catalog.ancestors
pg_collation_is_visible: catalog.isVisible.collation
pg_conversion_is_visible: catalog.isVisible.conversion
pg_opclass_is_visible: catalog.isVisible.opclass
pg_opfamily_is_visible: catalog.isVisible.opfamily
pg_statistics_obj_is_visible: catalog.isVisible.statistics
pg_ts_config_is_visible: catalog.isVisible.textSearchConfig
pg_ts_dict_is_visible: catalog.isVisible.textSearchDictionary
pg_ts_parser_is_visible: catalog.isVisible.textSearchParser
pg_ts_template_is_visible: catalog.isVisible.textSearchTemplate
`;
