/** Who acts, as a validated token or activity says. Keyed by directory ids, never by name or address. */
export interface Actor {
  /** Microsoft Entra tenant id. */
  tenantId: string;
  /** Microsoft Entra object id. */
  memberId: string;
  name: string;
  address: string | null;
  /** App roles of the token; they seed a member's role at first contact. */
  appRoles: readonly string[];
  locale: string | null;
  via: 'tab' | 'bot' | 'account';
}

/** What one of the publisher's people may do: help customers, or keep the books. */
export type OperatorRole = 'support' | 'accounting';

/** One of the publisher's people, as a token of the publisher's own directory says. Belongs to no customer. */
export interface OperatorActor {
  /** Microsoft Entra object id in the publisher's directory. */
  memberId: string;
  name: string;
  roles: readonly OperatorRole[];
  locale: string | null;
}
