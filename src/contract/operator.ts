import { z } from 'zod';
import { Id, Instant, line } from './common';

/** Why something was done for a customer; kept in that organization's audit log. */
export const Reason = line(500);

/** What a customer wrote: a part of the organization's name, its id, or the id of a subscription. */
export const TenantQuery = z.object({ q: line(200) });

export const TenantFound = z.object({
  tenantId: Id,
  name: z.string().nullable(),
  contactAddress: z.string().nullable(),
  createdAt: Instant,
});
export type TenantFound = z.infer<typeof TenantFound>;
