import { z } from 'zod';
import { helpCard, unknownCard } from '../cards/talk';
import { COMMANDS, type CommandName, parseCommand } from '../parse-command.rules';
import { type Answer, show, type Turn } from '../turn';
import { askForLicense, LicensePress } from './licenses';
import { chooseLanguage, chooseNotices, LanguageChoice, NoticesChoice, showSettings, showUsage } from './organization';
import {
  ChecklistSubmission,
  DraftPress,
  newChecklist,
  newOpportunity,
  OpportunitySubmission,
  submitChecklist,
  submitKeptDraft,
  submitOpportunity,
} from './records';
import {
  CommentSubmission,
  closeTicket,
  findTickets,
  myWork,
  newTicket,
  openTicket,
  reopenTicket,
  submitComment,
  submitTicket,
  TicketChange,
  TicketPress,
  TicketSubmission,
  takeTicket,
} from './tickets';
import { ticketFromText } from './typed-text.rules';

const RUN: Record<CommandName, (turn: Turn, rest: string) => Promise<Answer>> = {
  new_ticket: newTicket,
  my_work: myWork,
  find: findTickets,
  start_checklist: newChecklist,
  new_deal: newOpportunity,
  usage: showUsage,
  settings: showSettings,
  help: async ({ speech }) => show(helpCard(speech)),
};

/** Answers what somebody wrote. Nothing is a dead end: unknown words are offered as a ticket. */
export async function answerText(turn: Turn, line: string): Promise<Answer> {
  const parsed = parseCommand(line);
  if (parsed.command !== null) return RUN[parsed.command](turn, parsed.rest);
  const ticket = ticketFromText(parsed.text);
  if (ticket.title === '') return { text: turn.speech.texts.unknown.empty };
  return show(unknownCard(turn.speech, parsed.text, ticket, turn.activityId));
}

type Act = (turn: Turn, data: unknown) => Promise<Answer>;

/** What a card sends comes from outside: it is read by its schema before anything is done with it. */
const act =
  <Schema extends z.ZodType>(schema: Schema, run: (turn: Turn, data: z.output<Schema>) => Promise<Answer>): Act =>
  async (turn, data) => {
    const parsed = schema.safeParse(data);
    return parsed.success ? run(turn, parsed.data) : { text: turn.speech.texts.forms.invalid };
  };

const ACTS: Record<string, Act> = {
  command: act(z.object({ command: z.enum(COMMANDS) }), (turn, { command }) => RUN[command](turn, '')),
  create_ticket: act(TicketSubmission, submitTicket),
  show_ticket: act(TicketPress, openTicket),
  take_ticket: act(TicketChange, takeTicket),
  close_ticket: act(TicketChange, closeTicket),
  reopen_ticket: act(TicketChange, reopenTicket),
  comment_ticket: act(CommentSubmission, submitComment),
  start_checklist: act(ChecklistSubmission, submitChecklist),
  create_opportunity: act(OpportunitySubmission, submitOpportunity),
  submit_draft: act(DraftPress, submitKeptDraft),
  request_license: act(LicensePress, askForLicense),
  choose_language: act(LanguageChoice, chooseLanguage),
  choose_notices: act(NoticesChoice, chooseNotices),
};

export const knowsAct = (verb: unknown): verb is string => typeof verb === 'string' && Object.hasOwn(ACTS, verb);

/** Answers a press on a card; null: a verb this bot never gave out. */
export async function answerPress(turn: Turn, verb: string, data: unknown): Promise<Answer | null> {
  return knowsAct(verb) ? ACTS[verb]!(turn, data) : null;
}
