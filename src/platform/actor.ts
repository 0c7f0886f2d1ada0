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
