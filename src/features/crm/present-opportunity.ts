import type { Opportunity } from '../../contract/opportunities';
import type { OpportunityRow } from './opportunities.store';

export const toOpportunity = (row: OpportunityRow): Opportunity => ({
  id: row.opportunity_id,
  title: row.title,
  customer: row.customer,
  stage: row.stage,
  value: row.value_minor === null ? null : { minor: row.value_minor, currency: row.currency! },
  closesOn: row.closes_on,
  owner: { id: row.owner, name: row.owner_name },
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
  revision: row.revision,
});
