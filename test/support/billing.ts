import { linesFor } from '../../src/features/billing/bill-lines.rules';
import { collectPayment } from '../../src/features/billing/collect-payment';
import { billingMails } from '../../src/features/billing/document-mail';
import { type IssuedBill, issueBill, type NewBill, PAYMENT_TOPIC } from '../../src/features/billing/issue-bill';
import type { PaymentOrder, PaymentOutcome, Payments } from '../../src/features/billing/payments.port';
import { publishSeller, type Seller } from '../../src/features/billing/seller';
import type { Mail, Mailer, MailOutcome } from '../../src/features/mail/mail.port';
import { deliverMail, MAIL_TOPIC } from '../../src/features/mail/send-mail';
import { runOutbox } from '../../src/features/outbox/outbox';
import type { Plan } from '../../src/features/plans/plans';
import type { OperatorActor } from '../../src/platform/actor';
import type { Clock } from '../../src/platform/clock';
import { type Context, inTenant } from '../../src/platform/context';
import { aDirectPlan } from './contracts';
import { aTenant, type TestTenant } from './tenant';

export const SELLER: Seller = {
  name: 'Sample Software GmbH',
  address: ['Bahnhofstraße 7', '39100 Bozen'],
  taxId: 'IT01234567890',
  note: null,
  tax: { name: null, basisPoints: 0, included: true },
  collects: true,
};

export const ACCOUNTING: OperatorActor = {
  memberId: 'aaaaaaaa-0000-4000-8000-000000000001',
  name: 'Sample Accountant',
  roles: ['accounting'],
  locale: 'en',
};

export interface Payer extends TestTenant {
  /** Bills one month of the plan from today, unless told otherwise. */
  bill(given?: Partial<NewBill>): Promise<IssuedBill>;
}

/** An organization that is billed by contract, with the documents policy and mailbox given. */
export async function aPayer(
  ctx: Context,
  {
    policies = {},
    mailbox = 'invoices@customer.example',
    source = 'direct',
    seller = SELLER,
    plan: given,
  }: { policies?: object; mailbox?: string | null; source?: 'direct' | 'marketplace'; seller?: Seller; plan?: Plan } = {},
): Promise<Payer> {
  await publishSeller(ctx, seller);
  const plan = given ?? (await aDirectPlan(ctx, { policies, billing: source }));
  const tenant = await aTenant(ctx, { plan });
  const { tenantId, subscriptionId } = tenant;
  await inTenant(ctx, tenantId, async ({ db }) => {
    await db.query('update tenants set contact_address = $2 where tenant_id = $1', [tenantId, mailbox]);
    await db.query('update subscriptions set source = $3 where tenant_id = $1 and subscription_id = $2', [
      tenantId,
      subscriptionId,
      source,
    ]);
  });
  let bills = 0;
  return {
    ...tenant,
    bill: (given = {}) => {
      const at = ctx.now();
      const period = { start: at, end: new Date(at.getTime() + 30 * 86_400_000), timeZone: 'UTC' };
      const counts = { activeTeams: 0, activeMembers: 0, fullLicenses: 0 };
      bills += 1;
      const bill: NewBill = {
        billId: `bill-${bills}`,
        subscriptionId,
        cause: 'start',
        currency: 'EUR',
        lines: linesFor(plan, plan.prices[0]!, counts, period, at),
        periodStart: period.start,
        periodEnd: period.end,
        plan,
        at,
        ...given,
      };
      return inTenant(ctx, tenantId, (tx) => issueBill(tx, tenantId, bill));
    },
  };
}

type Call = PaymentOrder & { direction: 'charge' | 'refund' };

/** A provider that moves nothing: what becomes of a document's money is decided by `next`, and told again for the same document. */
export class RecordingPayments implements Payments {
  next: PaymentOutcome = { state: 'paid', reference: 'ref' };
  private readonly calls: Call[] = [];
  private readonly moved = new Map<string, Call>();

  charge = (order: PaymentOrder) => this.move({ ...order, direction: 'charge' });
  refund = (order: PaymentOrder) => this.move({ ...order, direction: 'refund' });

  /** What was asked of it for one organization, and the signed minor units that really moved: charges less refunds. */
  of({ tenantId }: { tenantId: string }): { calls: Call[]; balance: number } {
    const moved = [...this.moved.values()].filter((call) => call.tenantId === tenantId);
    return {
      calls: this.calls.filter((call) => call.tenantId === tenantId),
      balance: moved.reduce((sum, { direction, amountMinor }) => sum + (direction === 'charge' ? amountMinor : -amountMinor), 0),
    };
  }

  private async move(call: Call): Promise<PaymentOutcome> {
    this.calls.push(call);
    if (this.moved.has(call.documentId)) return { state: 'paid', reference: 'ref' };
    if (this.next.state === 'paid') this.moved.set(call.documentId, call);
    return this.next;
  }
}

/** A mail server that sends nothing. */
export class RecordingMailer implements Mailer {
  next: MailOutcome = { outcome: 'sent' };
  readonly mails: Mail[] = [];
  tried = 0;

  async send(mail: Mail): Promise<MailOutcome> {
    this.tried += 1;
    if (this.next.outcome === 'sent') this.mails.push(mail);
    return this.next;
  }
}

/** Carries out what is due, until nothing is; `clock` is the real time of pauses. */
export async function runBilling(
  ctx: Context,
  { payments = null, mailer = null, clock }: { payments?: Payments | null; mailer?: Mailer | null; clock?: Clock } = {},
): Promise<void> {
  const handlers = {
    [PAYMENT_TOPIC]: (event: Parameters<typeof collectPayment>[1]) => collectPayment(ctx, event, { payments }),
    [MAIL_TOPIC]: (event: Parameters<typeof deliverMail>[1]) =>
      deliverMail(ctx, event, { mailer, kinds: billingMails({ supportContact: 'support@kontingent.example' }) }),
  };
  for (let round = 0; round < 20; round += 1) if ((await runOutbox(ctx, handlers, clock)) === 0) return;
}
