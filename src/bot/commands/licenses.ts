import { z } from 'zod';
import { requestLicense } from '../../features/licenses/request-license';
import { card, heading, paragraph } from '../cards/card';
import { type Answer, formKey, refused, show, type Turn } from '../turn';

export const LicensePress = z.object({ key: z.string().max(200) });

/** Asks for a full license, as every refusal of a restricted person offers; pressed again it is the same request. */
export async function askForLicense(turn: Turn, { key }: z.output<typeof LicensePress>): Promise<Answer> {
  const asked = await requestLicense(turn.ctx, turn.actor, { clientKey: formKey(turn, key) }, { note: null });
  if (!asked.ok) return refused(turn, asked.refusal);
  const { granted, waits } = turn.speech.texts.license;
  const words = asked.value.record.state === 'granted' ? granted : waits;
  return show(card(words.title, [heading(words.title), paragraph(words.text)]), { inPlace: true });
}
