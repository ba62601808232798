import type { VirtualTable } from './virtual-table.ts';

export const PG_CATALOG: readonly VirtualTable[] = [];
