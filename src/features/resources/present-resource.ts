import type { Resource } from '../../contract/resources';
import type { ResourceRow } from './resources.store';

export const toResource = (row: ResourceRow): Resource => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  parentId: row.parentId,
  attachedTo: row.attachedTo,
  detachedFrom: row.detachedFrom,
  amounts: row.amounts,
  state: row.archivedAt ? 'archived' : 'active',
  trimmedBy: row.trimmedBy,
  createdAt: row.createdAt.toISOString(),
  activatedAt: row.activatedAt.toISOString(),
  archivedAt: row.archivedAt?.toISOString() ?? null,
  revision: row.revision,
});
