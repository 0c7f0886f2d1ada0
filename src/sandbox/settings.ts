import type { Timers } from './timers';

/** A plan of the sandbox's offer at one term; a plan with several terms stands in the list once for each. `priceMinor` is in minor units of `currency`; a limit of null is unlimited. */
export interface SandboxPlan {
  offerId: string;
  planId: string;
  name: string;
  description: string;
  /** The same as the store shows it, by language. */
  descriptions?: Record<string, string>;
  termUnit: 'P1M' | 'P1Y';
  currency: string;
  priceMinor: number;
  rank: number;
  limits: { tickets: number | null; checklists: number | null; opportunities: number | null };
  /** Present on plans sold per seat only; such purchases carry a quantity within these bounds. */
  seats?: { min: number; max: number };
  /** What is metered beside the flat rate. */
  dimensions?: string[];
}

/** What the stand-ins need to know. Base URLs have no trailing slash and are read at every use, so a getter may supply them late. */
export interface SandboxSettings {
  appName: string;
  /** Where the app is reached from its own machine, `http://127.0.0.1:PORT`. */
  localUrl: string;
  /** Where a browser reaches it, `http://localhost:PORT`. */
  publicUrl: string;
  /** The app's data folder; the stand-ins keep theirs in its `sandbox` folder. */
  dataDir: string;
  marketplace: { clientId: string; clientSecret: string; tenantId: string; webhookAudience: string; callerId: string };
  /** `issuerTemplate` holds the tenant as `{tenantid}` or `{tid}`. */
  entra: { clientId: string; clientSecret: string; issuerTemplate: string };
  bot: { appId: string; password: string; tokenIssuer: string };
  /** The directory of the publisher's people. */
  operatorTenantId: string;
  plans: SandboxPlan[];
}

export interface SandboxLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface SandboxDeps {
  log: SandboxLog;
  /** Real time by default; tests hand in one they move themselves. */
  timers?: Timers;
}
