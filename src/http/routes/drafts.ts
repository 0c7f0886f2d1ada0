import { Locale, PageQuery, page } from '../../contract/common';
import { Draft, DraftPatch, SubmitAllResult, SubmittedDraft } from '../../contract/drafts';
import { discardDraft, editDraft, getDraft, listDrafts } from '../../features/drafts/drafts';
import { submitAllDrafts } from '../../features/submissions/submit-all-drafts';
import { submitDraft } from '../../features/submissions/submit-draft';
import { ok } from '../../platform/result';
import { type ApiRoute, idParams, route } from '../api-route';
import { refusalFacts, toProblem } from '../respond';

const params = idParams('draftId');

export const draftRoutes: ApiRoute[] = [
  route({
    method: 'get',
    path: '/drafts',
    summary: 'What the limit kept from being created; one’s own, oldest first',
    query: PageQuery,
    answer: page(Draft),
    run: ({ ctx, actor, query }) => listDrafts(ctx, actor, query),
  }),
  route({
    method: 'post',
    path: '/drafts/submit-all',
    summary: 'Submit all drafts, oldest first; the first refusal of a meter leaves the rest of that meter',
    answer: SubmitAllResult,
    run: async ({ ctx, actor }) => {
      const all = await submitAllDrafts(ctx, actor);
      if (!all.ok) return all;
      const locale = Locale.catch('en').parse(actor.locale);
      const refused = all.value.refused.map(({ draftId, refusal }) => ({
        draftId,
        problem: toProblem(refusal.code, refusalFacts(refusal), locale, undefined),
      }));
      return ok({ ...all.value, refused });
    },
  }),
  route({
    method: 'get',
    path: '/drafts/:draftId',
    summary: 'One draft',
    params,
    answer: Draft,
    run: ({ ctx, actor, params }) => getDraft(ctx, actor, params.draftId),
  }),
  route({
    method: 'patch',
    path: '/drafts/:draftId',
    summary: 'Other words for a draft; the meter stays',
    params,
    body: DraftPatch,
    answer: Draft,
    changes: true,
    run: ({ ctx, actor, params, body, revision }) => editDraft(ctx, actor, params.draftId, body, revision),
  }),
  route({
    method: 'delete',
    path: '/drafts/:draftId',
    summary: 'Discard a draft',
    params,
    answer: null,
    changes: true,
    run: ({ ctx, actor, params, revision }) => discardDraft(ctx, actor, params.draftId, revision),
  }),
  route({
    method: 'post',
    path: '/drafts/:draftId/submit',
    summary: 'Submit a draft under the key of the refused act: it is created once, however often this is sent',
    params,
    answer: SubmittedDraft,
    creates: true,
    keyInPath: true,
    run: ({ ctx, actor, params }) => submitDraft(ctx, actor, params.draftId),
  }),
];
