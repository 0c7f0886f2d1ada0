import express, { type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import { type Chat, type Content, userIdOf } from './chat';
import { BOT_RESOURCE } from './entra';
import type { SigningKey } from './keys';
import type { Person } from './people';
import type { SandboxSettings } from './settings';

/** Teams refuses larger messages; counted as UTF-16. Source: bot message format, about 100 KB. */
const MAX_MESSAGE_BYTES = 100 * 1024;

const BotActivity = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  replyToId: z.string().optional(),
  attachments: z.array(z.looseObject({ contentType: z.string(), content: z.unknown() })).optional(),
});
const NewConversation = z.looseObject({
  isGroup: z.boolean().optional(),
  members: z.array(z.looseObject({ id: z.string() })).optional(),
  activity: BotActivity.optional(),
});

/** The Bot Framework's OpenID metadata, by which a bot checks who calls it. */
export function botFramework(settings: SandboxSettings, key: SigningKey): Router {
  const router = express.Router();
  router.get('/.well-known/openidconfiguration', (_req, res) => {
    res.json({
      issuer: settings.bot.tokenIssuer,
      authorization_endpoint: 'https://invalid.botframework.com',
      jwks_uri: `${settings.localUrl}/sandbox/botframework/.well-known/keys`,
      id_token_signing_alg_values_supported: ['RS256'],
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
    });
  });
  router.get('/.well-known/keys', (_req, res) => {
    res.json({ keys: [{ ...key.publicKey, endorsements: ['msteams'] }] });
  });
  return router;
}

/** The connector: what a bot calls at an activity's `serviceUrl`. */
export function connector(
  settings: SandboxSettings,
  chat: Chat,
  isCaller: (authorization: string | undefined, clientId: string, resource: string) => Promise<boolean>,
): Router {
  const router = express.Router();

  router.use(async (req, res, next) => {
    if (await isCaller(req.headers.authorization, settings.bot.appId, BOT_RESOURCE)) next();
    else refuse(res, 401, 'Unauthorized', 'Authorization has been denied for this request.');
  });
  router.use(express.json({ limit: '1mb' }));

  router.post('/v3/conversations', async (req, res) => {
    const { isGroup, members, activity } = NewConversation.parse(req.body);
    if (isGroup || members?.length !== 1) {
      refuse(res, 400, 'BadSyntax', 'Only conversations with one person can be created.');
      return;
    }
    const conversation = chat.conversationOfUser(members[0]!.id);
    if (!conversation) {
      refuse(res, 403, 'BotNotInConversationRoster', 'The app is not installed for this person.');
      return;
    }
    const activityId = activity && (await receive(res, conversation.id, activity));
    if (activity && !activityId) return;
    res.status(201).json({ id: conversation.id, serviceUrl: `${settings.localUrl}/sandbox/connector/`, ...(activityId && { activityId }) });
  });

  router.param('conversation', (_req, res, next, id: string) => {
    if (chat.personOfConversation(id)) next();
    else refuse(res, 404, 'ConversationNotFound', 'Conversation not found.');
  });

  async function post(req: Request<{ conversation: string }>, res: Response): Promise<void> {
    const id = await receive(res, req.params.conversation, BotActivity.parse(req.body));
    if (id) res.status(201).json({ id });
  }
  router.post('/v3/conversations/:conversation/activities', post);
  router.post('/v3/conversations/:conversation/activities/:activity', post);

  router.put('/v3/conversations/:conversation/activities/:activity', async (req, res) => {
    const { conversation, activity } = req.params;
    const content = contentOf(BotActivity.parse(req.body));
    if (isTooBig(content)) refuseSize(res);
    else if (await chat.update(conversation, activity, content)) res.json({ id: activity });
    else refuse(res, 404, 'ActivityNotFoundInConversation', 'Activity not found.');
  });

  router.delete('/v3/conversations/:conversation/activities/:activity', async (req, res) => {
    if (await chat.remove(req.params.conversation, req.params.activity)) res.status(200).end();
    else refuse(res, 404, 'ActivityNotFoundInConversation', 'Activity not found.');
  });

  router.get('/v3/conversations/:conversation/pagedmembers', (req, res) => {
    res.json({ members: [memberOf(chat.personOfConversation(req.params.conversation)!)] });
  });
  router.get('/v3/conversations/:conversation/members', (req, res) => {
    res.json([memberOf(chat.personOfConversation(req.params.conversation)!)]);
  });
  router.get('/v3/conversations/:conversation/members/:member', (req, res) => {
    const member = memberOf(chat.personOfConversation(req.params.conversation)!);
    if ([member.id, member.aadObjectId].includes(req.params.member)) res.json(member);
    else refuse(res, 404, 'MemberNotFoundInConversation', 'Member not found.');
  });

  router.use((_req, res) => refuse(res, 404, 'ServiceError', 'There is no such address.'));
  router.use((error: unknown, _req: Request, res: Response, next: (error: unknown) => void) => {
    const status = error instanceof z.ZodError ? 400 : (error as { status?: number }).status;
    if (status === undefined || status >= 500) next(error);
    else refuse(res, status, 'BadSyntax', 'The body is not a valid activity.');
  });

  /** Takes an activity of the bot; its id, or undefined when it was refused. */
  async function receive(res: Response, conversationId: string, activity: z.infer<typeof BotActivity>): Promise<string | undefined> {
    if (activity.type === 'typing') return chat.showTyping(conversationId);
    if (activity.type !== 'message') {
      refuse(res, 400, 'BadSyntax', `Activities of type ${activity.type} are not supported here.`);
      return undefined;
    }
    const content = contentOf(activity);
    if (!isTooBig(content)) return chat.post(conversationId, content);
    refuseSize(res);
    return undefined;
  }

  return router;
}

function contentOf({ text, attachments, replyToId }: z.infer<typeof BotActivity>): Content {
  return {
    ...(replyToId && { replyTo: replyToId }),
    ...(text && { text }),
    ...(attachments?.length && { attachments: attachments.map(({ contentType, content }) => ({ contentType, content })) }),
  };
}

const isTooBig = (content: object) => JSON.stringify(content).length * 2 > MAX_MESSAGE_BYTES;

function memberOf(person: Person) {
  const [givenName, surname] = person.name.split(' ');
  return {
    id: userIdOf(person),
    name: person.name,
    givenName,
    surname,
    aadObjectId: person.objectId,
    objectId: person.objectId,
    userPrincipalName: person.address,
    email: person.address,
    tenantId: person.tenantId,
    userRole: 'user',
  };
}

function refuse(res: Response, status: number, code: string, message: string): void {
  res.status(status).json({ error: { code, message } });
}

function refuseSize(res: Response): void {
  refuse(res, 413, 'MessageSizeTooBig', 'Message size too large.');
}
