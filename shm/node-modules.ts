/**
 * Modules of Node that take milliseconds to load and are seldom needed: asked for when they are. A process that opens a database,
 * runs a statement and ends loads none of them.
 */

export const nodeCrypto = (): typeof import('node:crypto') => process.getBuiltinModule('node:crypto');

export const nodeThreads = (): typeof import('node:worker_threads') => process.getBuiltinModule('node:worker_threads');

export const nodeV8 = (): typeof import('node:v8') => process.getBuiltinModule('node:v8');
