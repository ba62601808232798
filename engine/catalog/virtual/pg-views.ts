import type { VirtualTable } from './virtual-table.ts';

export const PG_VIEWS: readonly VirtualTable[] = [];
