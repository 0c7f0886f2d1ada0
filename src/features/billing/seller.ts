import { type Context, inPublisher } from '../../platform/context';
import type { Queryable } from '../../platform/db/database';
import { fingerprint } from '../../platform/fingerprint';
import type { Tax } from './money.rules';

/** Who sells, as documents name it. Bills keep what held when they were made, so each change is a version of its own. */
export interface Seller {
  name: string;
  /** Lines of the postal address. */
  address: string[];
  taxId: string | null;
  /** What stands at the end of each invoice: a bank account, a legal remark. */
  note: string | null;
  tax: Tax & {
    /** null: as the reader's language calls it. */
    name: string | null;
  };
  /** Whether payments are collected by a provider; otherwise invoices ask for a transfer. */
  collects: boolean;
}

const NOBODY: Seller = {
  name: '',
  address: [],
  taxId: null,
  note: null,
  tax: { name: null, basisPoints: 0, included: true },
  collects: false,
};

/** Holds from now on; the same as before changes nothing. */
export async function publishSeller(ctx: Context, seller: Seller): Promise<void> {
  const checksum = fingerprint(seller);
  const at = ctx.now();
  await inPublisher(ctx, async ({ db }) => {
    await db.query(
      `insert into sellers (version, document, checksum, published_at)
       select coalesce(max(version), 0) + 1, $1, $2, $3 from sellers
       having coalesce((select checksum from sellers order by version desc limit 1), '') <> $2
       on conflict (version) do nothing`,
      [JSON.stringify(seller), checksum, at],
    );
  });
}

export async function currentSeller(db: Queryable): Promise<Seller> {
  const [row] = await db.query<{ document: Seller }>('select document from sellers order by version desc limit 1');
  return row?.document ?? NOBODY;
}
