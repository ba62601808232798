/** TPC-H's tables (specification 3.0, 1.4), their keys, and an index for each foreign key: the same for every engine. */

export interface TpchTable {
  readonly name: string;
  /** Name and type of each column, as PostgreSQL takes them. */
  readonly columns: readonly (readonly [string, string])[];
  readonly key: readonly string[];
  /** Columns that have an index besides. */
  readonly indexes: readonly (readonly string[])[];
}

const MONEY = 'decimal(15,2)';

export const TABLES: readonly TpchTable[] = [
  {
    name: 'region',
    columns: [
      ['r_regionkey', 'integer'],
      ['r_name', 'char(25)'],
      ['r_comment', 'varchar(152)'],
    ],
    key: ['r_regionkey'],
    indexes: [],
  },
  {
    name: 'nation',
    columns: [
      ['n_nationkey', 'integer'],
      ['n_name', 'char(25)'],
      ['n_regionkey', 'integer'],
      ['n_comment', 'varchar(152)'],
    ],
    key: ['n_nationkey'],
    indexes: [['n_regionkey']],
  },
  {
    name: 'supplier',
    columns: [
      ['s_suppkey', 'integer'],
      ['s_name', 'char(25)'],
      ['s_address', 'varchar(40)'],
      ['s_nationkey', 'integer'],
      ['s_phone', 'char(15)'],
      ['s_acctbal', MONEY],
      ['s_comment', 'varchar(101)'],
    ],
    key: ['s_suppkey'],
    indexes: [['s_nationkey']],
  },
  {
    name: 'part',
    columns: [
      ['p_partkey', 'integer'],
      ['p_name', 'varchar(55)'],
      ['p_mfgr', 'char(25)'],
      ['p_brand', 'char(10)'],
      ['p_type', 'varchar(25)'],
      ['p_size', 'integer'],
      ['p_container', 'char(10)'],
      ['p_retailprice', MONEY],
      ['p_comment', 'varchar(23)'],
    ],
    key: ['p_partkey'],
    indexes: [],
  },
  {
    name: 'partsupp',
    columns: [
      ['ps_partkey', 'integer'],
      ['ps_suppkey', 'integer'],
      ['ps_availqty', 'integer'],
      ['ps_supplycost', MONEY],
      ['ps_comment', 'varchar(199)'],
    ],
    key: ['ps_partkey', 'ps_suppkey'],
    indexes: [['ps_suppkey']],
  },
  {
    name: 'customer',
    columns: [
      ['c_custkey', 'integer'],
      ['c_name', 'varchar(25)'],
      ['c_address', 'varchar(40)'],
      ['c_nationkey', 'integer'],
      ['c_phone', 'char(15)'],
      ['c_acctbal', MONEY],
      ['c_mktsegment', 'char(10)'],
      ['c_comment', 'varchar(117)'],
    ],
    key: ['c_custkey'],
    indexes: [['c_nationkey']],
  },
  {
    name: 'orders',
    columns: [
      ['o_orderkey', 'integer'],
      ['o_custkey', 'integer'],
      ['o_orderstatus', 'char(1)'],
      ['o_totalprice', MONEY],
      ['o_orderdate', 'date'],
      ['o_orderpriority', 'char(15)'],
      ['o_clerk', 'char(15)'],
      ['o_shippriority', 'integer'],
      ['o_comment', 'varchar(79)'],
    ],
    key: ['o_orderkey'],
    indexes: [['o_custkey']],
  },
  {
    name: 'lineitem',
    columns: [
      ['l_orderkey', 'integer'],
      ['l_partkey', 'integer'],
      ['l_suppkey', 'integer'],
      ['l_linenumber', 'integer'],
      ['l_quantity', MONEY],
      ['l_extendedprice', MONEY],
      ['l_discount', MONEY],
      ['l_tax', MONEY],
      ['l_returnflag', 'char(1)'],
      ['l_linestatus', 'char(1)'],
      ['l_shipdate', 'date'],
      ['l_commitdate', 'date'],
      ['l_receiptdate', 'date'],
      ['l_shipinstruct', 'char(25)'],
      ['l_shipmode', 'char(10)'],
      ['l_comment', 'varchar(44)'],
    ],
    key: ['l_orderkey', 'l_linenumber'],
    indexes: [['l_partkey', 'l_suppkey'], ['l_suppkey']],
  },
];

/** SQLite knows neither decimals nor dates: money is a real there, a date the text '1995-06-17', which compares alike. */
const sqliteType = (type: string): string => (type === 'integer' ? 'integer' : type === MONEY ? 'real' : 'text');

export const createTable = ({ name, columns, key }: TpchTable, sqlite: boolean): string =>
  `create table ${name} (${columns
    .map(([column, type]) => `${column} ${sqlite ? sqliteType(type) : type} not null`)
    .join(', ')}, primary key (${key.join(', ')}))`;

export const createIndexes = ({ name, indexes }: TpchTable): string[] =>
  indexes.map((columns) => `create index ${name}_${columns.join('_')} on ${name} (${columns.join(', ')})`);
