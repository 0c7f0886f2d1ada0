/** `shows`: in the help, what stands for the value. */
export const OPTIONS = {
  url: { type: 'string', shows: 'URL' },
  token: { type: 'string', shows: 'TOKEN' },
  as: { type: 'string', shows: 'ROLE' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  subscription: { type: 'string', shows: 'ID' },
  correlation: { type: 'string', shows: 'ID' },
  from: { type: 'string', shows: 'INSTANT' },
  to: { type: 'string', shows: 'INSTANT' },
  outcome: { type: 'string', shows: 'WORD' },
  limit: { type: 'string', shows: 'NUMBER' },
  cursor: { type: 'string', shows: 'CURSOR' },
  all: { type: 'boolean' },
  organization: { type: 'string', shows: 'ID' },
  until: { type: 'string', shows: 'INSTANT' },
  reason: { type: 'string', shows: 'WORDS' },
};

const PAGE = ['limit', 'cursor'];
const SEARCH = ['subscription', 'from', 'to', 'outcome', ...PAGE];
const searched = ({ subscription, from, to, outcome, limit, cursor }) => ({
  subscriptionId: subscription,
  from: from && instant(from),
  to: to && instant(to),
  outcome,
  limit,
  cursor,
});

/** A date means its first instant; what is neither is the server's to refuse. */
const instant = (word) => (Number.isNaN(Date.parse(word)) ? word : new Date(word).toISOString());
const part = encodeURIComponent;

/** `words`: what follows the command; `shows`: the columns or fields that are printed. */
export const COMMANDS = {
  status: {
    words: [],
    options: [],
    says: 'What of the marketplace needs somebody, with the figures behind it. Ends with 3 when something does.',
    run: (api) => api.get('/marketplace/status'),
    needsSomebody: ({ concerns }) => concerns.length > 0,
  },
  subscriptions: {
    words: ['word'],
    options: [],
    says: 'Organizations by a part of their name, their id, or the id of a subscription of theirs.',
    shows: ['tenantId', 'name', 'contactAddress', 'createdAt'],
    run: (api, [q]) => api.get('/tenants', { q }),
  },
  subscription: {
    words: ['organization or subscription id'],
    options: [],
    says: 'One organization: its subscriptions, how its meters stand, and what it waits for. Looking is written into its audit log.',
    run: async (api, [id]) => {
      const { items } = await api.get('/tenants', { q: id });
      const found = items.length === 1 ? items[0].tenantId : id;
      return api.get(`/tenants/${part(found)}`);
    },
  },
  events: {
    words: [],
    options: SEARCH,
    says: 'Webhooks of the marketplace, newest first. Outcomes: waiting, refused, applied.',
    shows: ['receivedAt', 'action', 'subscriptionId', 'answer', 'outcome', 'eventId', 'correlationId'],
    run: (api, _words, options) => api.get('/marketplace/events', searched(options)),
  },
  event: {
    words: ['event id'],
    options: [],
    says: 'One webhook with everything that came.',
    run: (api, [id]) => api.get(`/marketplace/events/${part(id)}`),
  },
  calls: {
    words: [],
    options: [...SEARCH, 'correlation'],
    says: 'Calls to the marketplace, newest first, of the last 90 days. Outcomes: done, refused, failed.',
    shows: ['at', 'method', 'path', 'status', 'durationMs', 'requestId', 'correlationId', 'error'],
    run: (api, _words, options) => api.get('/marketplace/calls', { ...searched(options), correlationId: options.correlation }),
  },
  drift: {
    words: [],
    options: ['subscription', 'all', ...PAGE],
    says: 'Subscriptions that are not what the marketplace says; --all: those that were mended too.',
    shows: ['seenAt', 'mendedAt', 'subscriptionId', 'why', 'differences'],
    run: (api, _words, { subscription, all, limit, cursor }) =>
      api.get('/marketplace/drift', { subscriptionId: subscription, open: all ? 'false' : undefined, limit, cursor }),
  },
  pending: {
    words: [],
    options: [],
    says: 'Purchases that nobody has activated, the one that lapses first on top.',
    shows: ['lapsesAt', 'purchasedAt', 'planId', 'purchaser', 'subscriptionId', 'tenantId'],
    run: (api) => api.get('/marketplace/pending'),
  },
  reports: {
    words: [],
    options: ['organization', 'outcome', 'all'],
    says: 'Usage reported to Microsoft that somebody should look at; --all: the newest of any state. Outcomes: queued, in_flight, unsure, accepted, expired, refused, lost.',
    shows: ['hour', 'state', 'quantity', 'accepted', 'flags', 'dimension', 'planId', 'tenantId', 'subscriptionId', 'message'],
    run: (api, _words, { organization, outcome, all }) =>
      api.get('/metering/reports', { tenantId: organization, state: outcome, flagged: all || outcome ? undefined : 'true' }),
  },
  differences: {
    words: [],
    options: [],
    says: 'Days on which Microsoft’s account of usage is not ours.',
    shows: ['day', 'submitted', 'ours', 'processed', 'reconStatus', 'dimension', 'planId', 'resourceId'],
    run: (api) => api.get('/metering/differences'),
  },
  resume: {
    words: ['organization id', 'subscription id'],
    options: ['reason'],
    needs: ['reason'],
    says: 'Let the meters of a subscription go on after what Microsoft refused was mended; all that is due is reported.',
    run: (api, [tenantId, subscriptionId], { reason }) =>
      api.post(`/tenants/${part(tenantId)}/metering/${part(subscriptionId)}/resume`, { reason }),
  },
  replay: {
    words: ['event id'],
    options: ['reason'],
    needs: ['reason'],
    says: 'Apply an event once more, as the first time; harmless however often.',
    run: (api, [id], { reason }) => api.post(`/marketplace/events/${part(id)}/replay`, { reason }),
  },
  'self-test': {
    words: [],
    options: ['reason'],
    says: 'Send a sample event to the server’s public address and say what arrived. Ends with 3 when it did not go as it should.',
    run: (api, _words, { reason = 'self-test from the command line' }) => api.post('/marketplace/self-test', { reason }),
    needsSomebody: ({ passed }) => !passed,
  },
  grant: {
    words: ['organization id', 'meter', 'units'],
    options: ['until', 'reason'],
    needs: ['until', 'reason'],
    says: 'Give an organization units beside its plan, until an instant.',
    run: (api, [tenantId, meter, units], { until, reason }) =>
      api.post(`/tenants/${part(tenantId)}/grants`, { meter, amount: Number(units), expiresAt: instant(until), reason }),
  },
  unlock: {
    words: ['organization id', 'meter'],
    options: ['reason'],
    needs: ['reason'],
    says: 'Unlock what waits of a meter, before it is paid and for this organization alone.',
    run: (api, [tenantId, meter], { reason }) => api.post(`/tenants/${part(tenantId)}/unlocks`, { meter, reason }),
  },
};
