import { z } from 'zod';
import { Locale } from '../../contract/common';
import { may } from '../../features/members/access.rules';
import { enter } from '../../features/members/admit-member';
import { bannerFor } from '../../features/notices/banners';
import { choosePreferences } from '../../features/notices/conversations';
import { readUsage } from '../../features/usage/read-usage';
import { inTenant } from '../../platform/context';
import { usageCard } from '../cards/records';
import { settingsCard } from '../cards/talk';
import { speechFor } from '../speech';
import { type Answer, refused, show, type Turn } from '../turn';

/** `usage`: the organization's meters, for those who look after them. */
export async function showUsage(turn: Turn): Promise<Answer> {
  const { ctx, actor, speech } = turn;
  const access = await inTenant(ctx, actor.tenantId, (tx) => enter(tx, actor, 'read'));
  if (!access.ok) return refused(turn, access.refusal);
  if (!may(access.value.role, 'manage_plan')) return { text: speech.texts.usage.notYours };
  const usage = await readUsage(ctx, actor, bannerFor);
  return usage.ok ? show(usageCard(speech, usage.value)) : refused(turn, usage.refusal);
}

/** `settings`, `language`: the language of answers, and whether the bot may write first. */
export const showSettings = async (turn: Turn): Promise<Answer> => show(settingsCard(turn.speech, turn.preferences));

export const LanguageChoice = z.object({ language: Locale.nullable() });

export async function chooseLanguage(turn: Turn, { language }: z.output<typeof LanguageChoice>): Promise<Answer> {
  await choosePreferences(turn.ctx, turn.actor, { language });
  const speech = speechFor(language ?? turn.teamsLocale, turn.timeZone);
  const { saved, savedAsTeams } = speech.texts.settings;
  return show(settingsCard(speech, { ...turn.preferences, language }, language === null ? savedAsTeams : saved), { inPlace: true });
}

export const NoticesChoice = z.object({ notices: z.boolean() });

export async function chooseNotices(turn: Turn, { notices }: z.output<typeof NoticesChoice>): Promise<Answer> {
  await choosePreferences(turn.ctx, turn.actor, { notices });
  return show(settingsCard(turn.speech, { ...turn.preferences, notices }), { inPlace: true });
}
