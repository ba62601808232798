/** Flags and numbers of MySQL's protocol that both sides know (dev.mysql.com/doc/dev/mysql-server, 'Capabilities Flags' and others). */

export const CAN = {
  longPassword: 1,
  foundRows: 1 << 1,
  longFlag: 1 << 2,
  connectWithDatabase: 1 << 3,
  compress: 1 << 5,
  localFiles: 1 << 7,
  ignoreSpace: 1 << 8,
  protocol41: 1 << 9,
  interactive: 1 << 10,
  tls: 1 << 11,
  transactions: 1 << 13,
  secureConnection: 1 << 15,
  multiStatements: 1 << 16,
  multiResults: 1 << 17,
  psMultiResults: 1 << 18,
  pluginAuthentication: 1 << 19,
  attributes: 1 << 20,
  longAuthentication: 1 << 21,
  sessionTrack: 1 << 23,
  noEof: 1 << 24,
} as const;

/** What this server offers; TLS where there is a certificate. */
export const OFFERED =
  CAN.longPassword |
  CAN.foundRows |
  CAN.longFlag |
  CAN.connectWithDatabase |
  CAN.ignoreSpace |
  CAN.protocol41 |
  CAN.interactive |
  CAN.transactions |
  CAN.secureConnection |
  CAN.multiStatements |
  CAN.multiResults |
  CAN.psMultiResults |
  CAN.pluginAuthentication |
  CAN.attributes |
  CAN.longAuthentication |
  CAN.sessionTrack |
  CAN.noEof;

export const STATUS = { inTransaction: 1, autocommit: 2, moreResults: 8, sessionChanged: 0x4000 } as const;

export const COMMAND = {
  quit: 1,
  initDatabase: 2,
  query: 3,
  ping: 14,
  changeUser: 17,
  prepare: 22,
  execute: 23,
  longData: 24,
  close: 25,
  reset: 26,
  option: 27,
  resetConnection: 31,
} as const;

/** Names of commands that this server does not know, for what it says of them. */
export const OTHER_COMMANDS: { readonly [command: number]: string } = {
  ...{
    4: 'COM_FIELD_LIST',
    7: 'COM_REFRESH',
    8: 'COM_SHUTDOWN',
    9: 'COM_STATISTICS',
    10: 'COM_PROCESS_INFO',
    12: 'COM_PROCESS_KILL',
  },
  ...{ 13: 'COM_DEBUG', 18: 'COM_BINLOG_DUMP', 28: 'COM_STMT_FETCH' },
};

/** Collation that columns of text have: utf8mb4_0900_bin; and of bytes. */
export const TEXT_COLLATION = 309;
export const BINARY_COLLATION = 63;
