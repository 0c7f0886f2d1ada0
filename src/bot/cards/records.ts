import type { Checklist } from '../../contract/checklists';
import type { Opportunity } from '../../contract/opportunities';
import type { Usage } from '../../contract/usage';
import type { Speech } from '../speech';
import { type Card, card, facts, heading, openUrl, paragraph, remark, typed } from './card';

export function checklistCard({ texts, count }: Speech, checklist: Checklist, link: string | null): Card {
  const { started } = texts.checklist;
  return card(
    checklist.title,
    [
      paragraph(started, { color: 'Good' }),
      typed(checklist.title, { weight: 'Bolder' }),
      remark(count(texts.checklist, 'items', checklist.items.length)),
      ...checklist.items.slice(0, 10).map((item) => typed(`☐ ${item.text}`)),
      checklist.items.length > 10 ? remark('…') : null,
    ],
    [link === null ? null : openUrl(texts.buttons.open, link)],
  );
}

export function opportunityCard({ texts }: Speech, opportunity: Opportunity, link: string | null): Card {
  const { created, customer, stage, owner, stages } = texts.opportunity;
  return card(
    opportunity.title,
    [
      paragraph(created, { color: 'Good' }),
      typed(opportunity.title, { weight: 'Bolder' }),
      facts([
        opportunity.customer === null ? null : [customer, opportunity.customer],
        [stage, stages[opportunity.stage]],
        [owner, opportunity.owner.name],
      ]),
    ],
    [link === null ? null : openUrl(texts.buttons.open, link)],
  );
}

const COLORS = { open: 'Good', warning: 'Warning', over: 'Warning', exhausted: 'Attention' } as const;

/** Quotas and limits in numbers, never in money. The numbers stand in text: older phones draw no bar. */
export function usageCard({ locale, texts, say, instant, meter }: Speech, usage: Usage): Card {
  const { title, meter: line, each, unlimited, resets } = texts.usage;
  const resetsAt = usage.meters[0]?.resetsAt;
  return card(title, [
    heading(title),
    ...[...usage.meters, ...usage.limits].flatMap((one) => {
      const name = meter(one.meter);
      const sentence = one.counts === 'each' ? each : line;
      const numbers = one.limit === null ? say(unlimited, { used: one.used }) : say(sentence, { ...one, remaining: one.remaining ?? 0 });
      return [
        paragraph(`${name.charAt(0).toLocaleUpperCase(locale)}${name.slice(1)}`, { weight: 'Bolder', separator: true }),
        ...(one.limit === null
          ? []
          : [
              {
                type: 'ProgressBar',
                value: Math.min(one.used, one.limit),
                max: Math.max(1, one.limit),
                color: COLORS[one.state],
                fallback: 'drop',
              },
            ]),
        paragraph(numbers, { spacing: 'Small' }),
        one.pendingWords === null ? null : remark(`${one.pendingWords}.`),
      ];
    }),
    resetsAt === undefined ? null : remark(say(resets, { resetsAt: instant(resetsAt) })),
  ]);
}
