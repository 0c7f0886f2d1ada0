import express, { type Router } from 'express';
import { z } from 'zod';
import type { PaymentOrder, PaymentOutcome, Payments } from '../features/billing/payments.port';
import type { SandboxClock } from './clock';
import { openStore } from './store';

/** Stands in for a provider of payments: it moves no money and writes down what it was asked, one movement for each document. */
export interface SandboxPayments extends Payments {
  readonly router: Router;
}

const State = z.enum(['paid', 'pending', 'failed']);
type State = z.infer<typeof State>;

interface Movement extends PaymentOrder {
  direction: 'charge' | 'refund';
  state: State;
  reference: string;
  /** How often it was asked for; it moved once all the same. */
  asked: number;
  askedAt: string;
  paidAt: string | null;
}

interface Book {
  /** What becomes of new movements. */
  next: State;
  movements: Movement[];
}

const PROBLEM = 'The card was declined (sandbox).';

const Next = z.strictObject({ next: State });
const Settle = z.strictObject({ state: State });

export async function openPayments(folder: string, clock: SandboxClock): Promise<SandboxPayments> {
  const book = await openStore<Book>(folder, 'payments', { next: 'paid', movements: [] });

  async function move(direction: Movement['direction'], order: PaymentOrder): Promise<PaymentOutcome> {
    const at = clock.now().toISOString();
    const movement = await book.change((draft) => {
      let found = draft.movements.find(({ documentId }) => documentId === order.documentId);
      if (!found) {
        const reference = `sandbox-${draft.movements.length + 1}`;
        found = { ...order, direction, state: draft.next, reference, asked: 0, askedAt: at, paidAt: null };
        draft.movements.push(found);
      }
      found.asked += 1;
      found.amountMinor = found.state === 'failed' ? order.amountMinor : found.amountMinor;
      settle(found, found.state === 'failed' ? draft.next : found.state, at);
      return { ...found };
    });
    const { state, reference } = movement;
    return state === 'failed' ? { state, reference, problem: PROBLEM } : { state, reference };
  }

  const router = express.Router();
  router.get('/', (_req, res) => {
    res.json(book.current);
  });
  /** What becomes of movements from now on, and of failed ones that are asked for again. */
  router.post('/next', async (req, res) => {
    const { next } = Next.parse(req.body);
    await book.change((draft) => {
      draft.next = next;
    });
    res.json({ next });
  });
  /** What becomes of one movement that is on its way: the app learns it when it asks again. */
  router.post('/:documentId/state', async (req, res, pass) => {
    const { state } = Settle.parse(req.body);
    const found = await book.change((draft) => {
      const movement = draft.movements.find(({ documentId }) => documentId === req.params.documentId);
      if (movement) settle(movement, state, clock.now().toISOString());
      return movement && { ...movement };
    });
    if (found) res.json(found);
    else pass();
  });

  return { router, charge: (order) => move('charge', order), refund: (order) => move('refund', order) };
}

/** What was paid stays paid. */
function settle(movement: Movement, state: State, at: string): void {
  if (movement.state === 'paid' && movement.paidAt) return;
  movement.state = state;
  movement.paidAt = state === 'paid' ? at : null;
}
